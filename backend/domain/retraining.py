"""Training before, between and after removals: optimizer, length, distillation."""

from typing import Annotated, Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

from backend.domain.regularizers import Regularizer
from backend.domain.spec import Spec
from backend.domain.starts import ContinueStart, Start


class SgdOptimizer(Spec):
    """Stochastic gradient descent with momentum."""

    kind: Literal["sgd"] = "sgd"
    learning_rate: PositiveFloat = Field(0.0025, le=10.0, description="Step size.")
    momentum: float = Field(0.9, ge=0.0, lt=1.0, description="Share of the last update that is kept.")
    weight_decay: NonNegativeFloat = Field(0.0, le=1.0, description="L2 penalty on the weights.")


class AdamOptimizer(Spec):
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019)."""

    kind: Literal["adamw"] = "adamw"
    learning_rate: PositiveFloat = Field(0.001, le=10.0, description="Step size.")
    weight_decay: NonNegativeFloat = Field(0.0, le=1.0, description="Decoupled weight decay.")


Optimizer = Annotated[SgdOptimizer | AdamOptimizer, Field(discriminator="kind")]


class Training(Spec):
    """A stretch of ordinary training."""

    epochs: NonNegativeInt = Field(description="Passes over the training data.", le=1000)
    optimizer: Optimizer = Field(default_factory=lambda: SgdOptimizer(learning_rate=0.01), description="Optimizer.")
    learning_rate_decay: Literal["none", "cosine", "steps"] = Field(
        "cosine",
        description="How the learning rate falls over these epochs; steps: to a tenth after half of them and to a "
        "hundredth after three quarters.",
    )
    learning_rate_warm_up: float = Field(
        0.0,
        ge=0.0,
        lt=1.0,
        description="Share of these epochs over which the learning rate rises along a line, before it falls; fresh "
        "weights may die at large learning rates without it.",
    )
    steps_per_record: PositiveInt = Field(
        20, le=10_000, description="Optimizer steps that make one step of the history (and one checkpoint)."
    )
    gradient_norm: PositiveFloat | None = Field(
        None,
        le=1e6,
        description="Scale the gradient of a step down to this L2 norm where it is longer, against divergence; "
        "empty: leave it as it is.",
    )


class DenseTraining(Training):
    """Train the dense network itself first, from fresh weights drawn from the seed; uploaded weights are not used."""

    keep_step: NonNegativeInt = Field(
        0, le=10_000_000, description="Optimizer step whose weights are kept to be rewound to; 0: the fresh weights."
    )


class Retrain(Training):
    """Retrain the thinner network at every operating point."""

    epochs: NonNegativeInt = Field(
        description="Passes over the training data at each operating point; where weights or learning rates are "
        "rewound, the steps up to dense.keep_step count as done.",
        le=1000,
    )
    learning_rate_decay: Literal["none", "cosine", "steps", "rewind"] = Field(  # type: ignore[assignment]  # one more
        "cosine",
        description="How the learning rate falls over the epochs of one operating point; rewind: the learning rates of "
        "the dense training from dense.keep_step on (Renda et al. 2020).",
    )
    start: Start = Field(default_factory=ContinueStart, description="Which weights the thinner network starts from.")
    budget: Literal["epochs", "macs"] = Field(
        "epochs",
        description="epochs: as many as given; macs: more by dense over remaining MACs, so that training costs as much "
        "as that of the dense network (Liu et al. 2019, Scratch-B).",
    )
    parts: Literal["together", "in_turn"] = Field(
        "together",
        description="in_turn: the first, third ... epoch trains the fully connected layers with the convolutions "
        "frozen, the second, fourth ... the convolutions with the fully connected layers frozen (Han et al. 2015); "
        "norms and other layers always train, and a network with only one kind trains together.",
    )


class Sparsify(Training):
    """Train with a regularizer before anything is removed, so that the network becomes sparse by itself."""

    regularizer: Regularizer = Field(description="What makes the network sparse.")
    passes: Literal["once", "each_point"] = Field(
        "once",
        description="once: before the first removal; each_point: before the removals of every operating point, with "
        "these epochs each time (network slimming in several passes).",
    )


class Distillation(Spec):
    """Learn from the dense network (Hinton et al. 2015, arXiv:1503.02531).

    loss = (1 - weight) * cross-entropy(labels) + weight * T^2 * KL(teacher_T || student_T)
    """

    temperature: PositiveFloat = Field(4.0, le=100.0, description="Softens both distributions; T in the formula.")
    weight: float = Field(0.9, ge=0.0, le=1.0, description="Share of the teacher's term in the loss.")
    during: Literal["retraining", "sparsifying", "both"] = Field(
        "retraining",
        description="When the teacher is asked. retraining: at every operating point; sparsifying: in the epochs of "
        "the section sparsify, beside its regularizer; both: then and at every operating point. Steps between removals "
        "go by the labels alone in any case: criteria read their loss.",
    )

    @property
    def teaches_retraining(self) -> bool:
        """The teacher's term is in the loss at every operating point."""
        return self.during != "sparsifying"

    @property
    def teaches_sparsifying(self) -> bool:
        """The teacher's term is in the loss beside the regularizer."""
        return self.during != "retraining"
