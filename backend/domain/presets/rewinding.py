"""What becomes of the weights once the architecture is found: rewound, drawn anew, or taught by the dense network."""

from typing import Literal

from backend.domain.allocations import GlobalAllocation, UniformAllocation
from backend.domain.criteria import FisherCriterion, MagnitudeCriterion
from backend.domain.granularities import UnstructuredGranularity
from backend.domain.presets.preset import Preset
from backend.domain.pruning import Prune
from backend.domain.recipe import DataSplit, Recipe
from backend.domain.retraining import AdamOptimizer, DenseTraining, Distillation, Retrain, SgdOptimizer
from backend.domain.schedules import OneShotSchedule
from backend.domain.starts import ContinueStart, ReinitializeStart, RewindStart, SignStart, Start
from backend.domain.targets import MacTarget, SparsityTarget

_ROUNDS = 7
_TICKET = SparsityTarget(sparsity=0.79)
"""Seven rounds that each take a fifth of the weights leave 0.8^7 = 21%, where LeNet-300-100 learns best."""
_LENET_ADAM = AdamOptimizer(learning_rate=1.2e-3)
_LENET_EPOCHS = 55
"""50 000 steps of 60 examples on 55 000 examples."""
_LENET_DATA = DataSplit(batch_size=60, validation_share=0.083)
_RESNET_SGD = SgdOptimizer(learning_rate=0.1, weight_decay=1e-4)
_RESNET_EPOCHS = 160
_SCRATCH_SGD = SgdOptimizer(learning_rate=0.05, weight_decay=5e-4)
_SCRATCH_EPOCHS = 15
_SCRATCH_WARM_UP = 0.1
"""As small sample networks are trained; a larger network of one's own wants the epochs it had itself."""
_STUDENTS_GRADIENT = 1.0
"""Longest gradient of a student: at a temperature of 20 the teacher's term grows with the square of a wrong logit."""


def _ticket(start: Start) -> Recipe:
    """The authors' training of LeNet-300-100; the same share of every layer goes."""
    prune = Prune(
        criterion=MagnitudeCriterion(norm=1),
        granularity=UnstructuredGranularity(),
        allocation=UniformAllocation(),
        schedule=OneShotSchedule(training_steps=1),
        points=_ROUNDS,
    )
    return Recipe(
        target=_TICKET,
        dense=DenseTraining(epochs=_LENET_EPOCHS, optimizer=_LENET_ADAM, learning_rate_decay="none"),
        prune=prune,
        retrain=Retrain(epochs=_LENET_EPOCHS, optimizer=_LENET_ADAM, learning_rate_decay="none", start=start),
        data=_LENET_DATA,
    )


def _rewound(start: Start, keep_step: int) -> Recipe:
    """The usual training of residual networks on CIFAR; the smallest weights of the whole network go."""
    prune = Prune(
        criterion=MagnitudeCriterion(norm=1),
        granularity=UnstructuredGranularity(),
        allocation=GlobalAllocation(),
        schedule=OneShotSchedule(training_steps=1),
        points=_ROUNDS,
    )
    dense = DenseTraining(
        epochs=_RESNET_EPOCHS, optimizer=_RESNET_SGD, learning_rate_decay="steps", keep_step=keep_step
    )
    retrain = Retrain(epochs=_RESNET_EPOCHS, optimizer=_RESNET_SGD, learning_rate_decay="rewind", start=start)
    return Recipe(target=_TICKET, dense=dense, prune=prune, retrain=retrain)


def _scratch(budget: Literal["epochs", "macs"] = "epochs", distill: Distillation | None = None) -> Recipe:
    """Fisher pruning without cost to one quarter of the operations, then training from fresh weights."""
    retrain = Retrain(
        epochs=_SCRATCH_EPOCHS,
        optimizer=_SCRATCH_SGD,
        learning_rate_warm_up=_SCRATCH_WARM_UP,
        start=ReinitializeStart(),
        budget=budget,
        gradient_norm=None if distill is None else _STUDENTS_GRADIENT,
    )
    prune = Prune(criterion=FisherCriterion(), points=1)
    return Recipe(target=MacTarget(density=0.25), prune=prune, retrain=retrain, distill=distill)


_CROWLEY = (
    "E. J. Crowley, J. Turner, A. Storkey, M. O'Boyle. A closer look at structured pruning for neural network "
    "compression. arXiv:1810.04622, 2018."
)
_RENDA = (
    "A. Renda, J. Frankle, M. Carbin. Comparing rewinding and fine-tuning in neural network pruning. ICLR 2020. "
    "arXiv:2003.02389."
)

REWINDING_PRESETS: tuple[Preset, ...] = (
    Preset(
        name="frankle2019-lottery",
        title="Lottery ticket",
        summary="Train, remove a fifth of the weights, put the others back to their first values, and train again; "
        "seven rounds.",
        citation="J. Frankle, M. Carbin. The lottery ticket hypothesis: finding sparse, trainable neural networks. "
        "ICLR 2019. arXiv:1803.03635.",
        is_baseline=False,
        recipe=_ticket(RewindStart(to="initialization")),
    ),
    Preset(
        name="liu2019-random-reinit",
        title="Ticket drawn anew",
        summary="As the lottery ticket, but what is left gets new random weights: does the architecture alone matter?",
        citation="Z. Liu, M. Sun, T. Zhou, G. Huang, T. Darrell. Rethinking the value of network pruning. ICLR 2019. "
        "arXiv:1810.05270; control of Frankle and Carbin 2019.",
        is_baseline=True,
        recipe=_ticket(ReinitializeStart()),
    ),
    Preset(
        name="zhou2019-sign-kept",
        title="Ticket of signs",
        summary="As the lottery ticket, but of their first values weights keep the sign alone; all of a layer get one "
        "magnitude.",
        citation="H. Zhou, J. Lan, R. Liu, J. Yosinski. Deconstructing lottery tickets: zeros, signs, and the "
        "supermask. NeurIPS 2019. arXiv:1905.01067.",
        is_baseline=False,
        recipe=_ticket(SignStart()),
    ),
    Preset(
        name="frankle2020-late-rewinding",
        title="Late rewinding",
        summary="A fifth of the weights of the whole network goes in each of seven rounds; the others go back to where "
        "they were after 500 steps, which deep networks need.",
        citation="J. Frankle, G. K. Dziugaite, D. M. Roy, M. Carbin. Linear mode connectivity and the lottery ticket "
        "hypothesis. ICML 2020. arXiv:1912.05671.",
        is_baseline=False,
        recipe=_rewound(RewindStart(), keep_step=500),
    ),
    Preset(
        name="renda2020-lr-rewinding",
        title="Learning-rate rewinding",
        summary="A fifth of the weights goes in each of seven rounds; the others are trained on from where they are, "
        "with the learning rates of the dense training from its beginning.",
        citation=_RENDA,
        is_baseline=False,
        recipe=_rewound(ContinueStart(), keep_step=0),
    ),
    Preset(
        name="renda2020-weight-rewinding",
        title="Weight rewinding",
        summary="A fifth of the weights goes in each of seven rounds; weights and learning rates go back to step 1000 "
        "of the dense training.",
        citation=_RENDA,
        is_baseline=False,
        recipe=_rewound(RewindStart(), keep_step=1000),
    ),
    Preset(
        name="crowley2018-scratch",
        title="From scratch, equal epochs",
        summary="The architecture that Fisher pruning finds, trained from fresh weights: what the weights that were "
        "kept must beat.",
        citation=_CROWLEY,
        is_baseline=True,
        recipe=_scratch(),
    ),
    Preset(
        name="crowley2018-scratch-flops",
        title="From scratch, equal compute",
        summary="The same, trained for more epochs by as much as the network became cheaper.",
        citation=_CROWLEY + " Equal compute: Scratch-B of Liu et al. 2019, arXiv:1810.05270.",
        is_baseline=True,
        recipe=_scratch(budget="macs"),
    ),
    Preset(
        name="hinton2015-distillation",
        title="Distillation",
        summary="The architecture that Fisher pruning finds, trained from fresh weights by the labels and by the dense "
        "network's answers.",
        citation="G. Hinton, O. Vinyals, J. Dean. Distilling the knowledge in a neural network. 2015. "
        "arXiv:1503.02531.",
        is_baseline=False,
        recipe=_scratch(distill=Distillation(temperature=20.0, weight=0.9)),
    ),
)
"""The first three differ in `retrain.start` alone, the last three in how the architecture is trained."""
