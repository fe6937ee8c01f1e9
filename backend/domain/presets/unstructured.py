"""Setting single weights of a trained network to zero, and the baselines of that."""

from backend.domain.allocations import (
    Allocation,
    ErkAllocation,
    GlobalAllocation,
    LampAllocation,
    LayerThresholdAllocation,
    UniformAllocation,
)
from backend.domain.criteria import (
    Criterion,
    FisherCriterion,
    MagnitudeCriterion,
    ObdCriterion,
    ObsCriterion,
    RandomCriterion,
)
from backend.domain.granularities import UnstructuredGranularity
from backend.domain.presets.preset import Preset
from backend.domain.pruning import Prune
from backend.domain.recipe import Recipe
from backend.domain.retraining import Retrain, SgdOptimizer
from backend.domain.schedules import CubicSchedule, OneShotSchedule, Schedule
from backend.domain.targets import SparsityTarget

_HAN_SPARSITY = 0.92
"""Han et al. leave 8% of the weights of LeNet-300-100."""
_ROUNDS = 5
_RETRAIN = Retrain(epochs=5, optimizer=SgdOptimizer(learning_rate=0.01, weight_decay=5e-4))
"""L2 decay serves retraining better than L1 (Han et al. 2015); a tenth of the usual learning rate of 0.1."""

_HAN_RETRAIN = _RETRAIN.model_copy(update={"epochs": 6, "parts": "in_turn"})
"""Three epochs for each part."""


def _weights_recipe(criterion: Criterion, allocation: Allocation, *, schedule: Schedule | None = None) -> Recipe:
    is_gradual = schedule is not None
    prune = Prune(
        criterion=criterion,
        granularity=UnstructuredGranularity(),
        allocation=allocation,
        schedule=schedule or OneShotSchedule(),
        optimizer=SgdOptimizer(learning_rate=0.01, weight_decay=5e-4) if is_gradual else SgdOptimizer(),
        points=1 if is_gradual else _ROUNDS,
    )
    return Recipe(target=SparsityTarget(sparsity=0.9), prune=prune, retrain=_RETRAIN)


def _han_recipe() -> Recipe:
    recipe = _weights_recipe(MagnitudeCriterion(norm=1), LayerThresholdAllocation())
    prune = recipe.prune.model_copy(update={"granularity": UnstructuredGranularity(rescale_dropout=True)})
    target = SparsityTarget(sparsity=_HAN_SPARSITY)
    return recipe.model_copy(update={"target": target, "prune": prune, "retrain": _HAN_RETRAIN})


UNSTRUCTURED_PRESETS: tuple[Preset, ...] = (
    Preset(
        name="han2015-magnitude",
        title="Iterative magnitude pruning",
        summary="In each of five rounds weights below a threshold in proportion to the spread of their layer become "
        "zero, and the others are trained on from where they are.",
        citation="S. Han, J. Pool, J. Tran, W. J. Dally. Learning both weights and connections for efficient neural "
        "networks. NIPS 2015. arXiv:1506.02626.",
        is_baseline=False,
        recipe=_han_recipe(),
    ),
    Preset(
        name="zhu2017-gradual",
        title="Gradual magnitude pruning",
        summary="While the network trains, the smallest weights of every layer become zero: many at first, ever fewer "
        "towards the end.",
        citation="M. Zhu, S. Gupta. To prune, or not to prune: exploring the efficacy of pruning for model "
        "compression. arXiv:1710.01878, 2017.",
        is_baseline=False,
        recipe=_weights_recipe(
            MagnitudeCriterion(norm=1), UniformAllocation(), schedule=CubicSchedule(training_steps=100, removals=20)
        ),
    ),
    Preset(
        name="lecun1990-obd",
        title="Optimal Brain Damage",
        summary="In each of five rounds the weights go whose zeroing raises the loss least, by the diagonal of the "
        "Gauss-Newton matrix.",
        citation="Y. LeCun, J. S. Denker, S. A. Solla. Optimal Brain Damage. NIPS 2 (1989), 598-605.",
        is_baseline=False,
        recipe=_weights_recipe(ObdCriterion(), GlobalAllocation()),
    ),
    Preset(
        name="theis2018-fisher-weights",
        title="Fisher pruning of weights",
        summary="In each of five rounds the weights go whose zeroing raises the loss least, by the diagonal of the "
        "empirical Fisher information.",
        citation="L. Theis, I. Korshunova, A. Tejani, F. Huszár. Faster gaze prediction with dense networks "
        "and Fisher pruning. arXiv:1801.05787, 2018.",
        is_baseline=False,
        recipe=_weights_recipe(FisherCriterion(), GlobalAllocation()),
    ),
    Preset(
        name="hassibi1993-obs",
        title="Optimal Brain Surgeon",
        summary="In each of five rounds the weights go that the others can best make up for, and the others do.",
        citation="B. Hassibi, D. G. Stork. Second order derivatives for network pruning: Optimal Brain Surgeon. "
        "NIPS 5 (1992), 164-171. In blocks: S. P. Singh, D. Alistarh. WoodFisher. NeurIPS 2020. arXiv:2004.14340.",
        is_baseline=False,
        recipe=_weights_recipe(ObsCriterion(), GlobalAllocation()),
    ),
    Preset(
        name="lamp2021",
        title="Layer-adaptive magnitude (LAMP)",
        summary="Weights are ranked over the whole network by their share in what is left of their layer; five rounds.",
        citation="J. Lee, S. Park, S. Mo, S. Ahn, J. Shin. Layer-adaptive sparsity for the magnitude-based pruning. "
        "ICLR 2021. arXiv:2010.07611.",
        is_baseline=False,
        recipe=_weights_recipe(MagnitudeCriterion(norm=1), LampAllocation()),
    ),
    Preset(
        name="erk",
        title="Magnitude with ERK densities",
        summary="Small layers keep more of their weights (Erdos-Renyi kernel); inside a layer the smallest weights go; "
        "five rounds.",
        citation="U. Evci, T. Gale, J. Menick, P. S. Castro, E. Elsen. Rigging the lottery: making all tickets "
        "winners. ICML 2020. arXiv:1911.11134 (there for sparse training).",
        is_baseline=False,
        recipe=_weights_recipe(MagnitudeCriterion(norm=1), ErkAllocation()),
    ),
    Preset(
        name="global-magnitude-weights",
        title="Global magnitude of weights",
        summary="The smallest weights of the whole network become zero, in five rounds.",
        citation="D. Blalock, J. J. Gonzalez Ortiz, J. Frankle, J. Guttag. What is the state of neural network "
        "pruning? MLSys 2020. arXiv:2003.03033 (there as a baseline).",
        is_baseline=True,
        recipe=_weights_recipe(MagnitudeCriterion(norm=1), GlobalAllocation()),
    ),
    Preset(
        name="uniform-magnitude-weights",
        title="Layer-wise magnitude of weights",
        summary="The smallest weights of every layer become zero, the same share of each; five rounds.",
        citation="Baseline.",
        is_baseline=True,
        recipe=_weights_recipe(MagnitudeCriterion(norm=1), UniformAllocation()),
    ),
    Preset(
        name="random-weights",
        title="Random weights",
        summary="Weights drawn at random become zero, the same share of every layer; five rounds: what any criterion "
        "must beat.",
        citation="Baseline.",
        is_baseline=True,
        recipe=_weights_recipe(RandomCriterion(), UniformAllocation()),
    ),
)
"""All but the first two share target, rounds, training and retraining: they compare the choice of weights alone."""
