"""Removing whole channels as the authors of each criterion did, with their schedules and training."""

from backend.domain.allocations import UniformAllocation
from backend.domain.criteria import (
    GeometricMedianCriterion,
    MagnitudeCriterion,
    TaylorCriterion,
    TaylorSquaredCriterion,
)
from backend.domain.presets.preset import Preset
from backend.domain.pruning import Prune
from backend.domain.recipe import DataSplit, Recipe
from backend.domain.retraining import Retrain, SgdOptimizer
from backend.domain.schedules import GreedySchedule, OneShotSchedule
from backend.domain.targets import MacTarget, SparsityTarget

_UPDATES = 30
"""Mini-batches between removals, in both papers of Molchanov et al."""
_GENTLE = SgdOptimizer(learning_rate=1e-4, weight_decay=1e-4)
_TAYLOR_2019 = SgdOptimizer(learning_rate=1e-3)
"""Without weight decay."""
_AT_ONCE = OneShotSchedule(training_steps=1)
"""Criteria that look at weights alone need no training before a removal; one step is the least."""

AUTHORS_PRESETS: tuple[Preset, ...] = (
    Preset(
        name="molchanov2017-taylor",
        title="Taylor expansion",
        summary="One feature map at a time: the one whose removal changes the loss least to first order, compared "
        "between layers after normalization; a few training steps between removals.",
        citation="P. Molchanov, S. Tyree, T. Karras, T. Aila, J. Kautz. Pruning convolutional neural networks for "
        "resource efficient inference. ICLR 2017. arXiv:1611.06440.",
        is_baseline=False,
        recipe=Recipe(
            target=MacTarget(density=0.37),
            prune=Prune(
                criterion=TaylorCriterion(normalization="layer"),
                schedule=GreedySchedule(training_steps=_UPDATES, channels=1),
                optimizer=_GENTLE,
                points=1,
            ),
            retrain=Retrain(epochs=5, optimizer=_GENTLE, learning_rate_decay="none"),
            data=DataSplit(batch_size=32),
        ),
    ),
    Preset(
        name="molchanov2019-taylor",
        title="Squared Taylor expansion with momentum",
        summary="A hundred channels at a time by the squared first-order change of the loss, averaged over the "
        "removals so far.",
        citation="P. Molchanov, A. Mallya, S. Tyree, I. Frosio, J. Kautz. Importance estimation for neural network "
        "pruning. CVPR 2019. arXiv:1906.10771.",
        is_baseline=False,
        recipe=Recipe(
            target=MacTarget(density=0.55),
            prune=Prune(
                criterion=TaylorSquaredCriterion(momentum=0.9),
                schedule=GreedySchedule(training_steps=_UPDATES, channels=100),
                optimizer=_TAYLOR_2019,
                points=1,
            ),
            retrain=Retrain(epochs=25, optimizer=_TAYLOR_2019, learning_rate_decay="steps"),
            data=DataSplit(batch_size=256),
        ),
    ),
    Preset(
        name="li2017-filter-l1",
        title="L1 norm of filters",
        summary="In every layer the same share of filters goes at once, those with the smallest sums of absolute "
        "weights first; then the network is trained again.",
        citation="H. Li, A. Kadav, I. Durdanovic, H. Samet, H. P. Graf. Pruning filters for efficient ConvNets. "
        "ICLR 2017. arXiv:1608.08710.",
        is_baseline=False,
        recipe=Recipe(
            target=MacTarget(density=0.66),
            prune=Prune(
                criterion=MagnitudeCriterion(norm=1),
                allocation=UniformAllocation(),
                schedule=_AT_ONCE,
                points=1,
            ),
            retrain=Retrain(epochs=40, optimizer=SgdOptimizer(learning_rate=1e-3), learning_rate_decay="none"),
        ),
    ),
    Preset(
        name="he2019-geometric-median",
        title="Geometric median of filters",
        summary="In every layer 40% of the filters go at once, those nearest to all others first, because the others "
        "can stand for them; then the network is trained again.",
        citation="Y. He, P. Liu, Z. Wang, Z. Hu, Y. Yang. Filter pruning via geometric median for deep convolutional "
        "neural networks acceleration. CVPR 2019. arXiv:1811.00250.",
        is_baseline=False,
        recipe=Recipe(
            target=SparsityTarget(sparsity=0.4),
            prune=Prune(
                criterion=GeometricMedianCriterion(),
                allocation=UniformAllocation(),
                schedule=_AT_ONCE,
                points=1,
            ),
            retrain=Retrain(
                epochs=200,
                optimizer=SgdOptimizer(learning_rate=0.01, weight_decay=5e-4),
                learning_rate_decay="steps",
            ),
        ),
    ),
)
"""To compare criteria alone, take the presets of whole channels and change their criterion."""
