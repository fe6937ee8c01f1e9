"""Regularizers: what is added to ordinary training so that a network becomes sparse by itself."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, NonNegativeFloat, PositiveFloat, field_validator

from backend.domain.named_numbers import LayerFactor, numbers, sort_factors
from backend.domain.spec import Spec

Noise = Annotated[
    Literal["weights", "activations"],
    Field(
        description="weights: drawn once for each mini-batch; activations: what linear layers and convolutions add up "
        "is drawn for each example instead (local reparametrization, as in the paper), which learns faster and about "
        "doubles the cost of these layers; other layers draw weights in any case.",
    ),
]
"""Where noise of weights is drawn."""


class GroupLassoRegularizer(Spec):
    """Shrink the norms of groups of weights: filters, channels, shapes, layers (Wen et al. 2016, arXiv:1608.03665).

    `strength * sum over groups of sqrt(weights of the group) * norm of its weights`, for each kind of group with a
    strength of its own, minimized by proximal steps after every optimizer step, so that zeros are exact. Coupled layers
    count as one.
    """

    leaves_scores: ClassVar[bool] = True
    """Whether the criterion `learned` has something to read afterwards."""

    kind: Literal["group_lasso"] = "group_lasso"
    strength: NonNegativeFloat = Field(
        1e-4,
        le=1e3,
        description="Filters: the weights that make a channel; 0 leaves them alone. Weight of the penalty beside the "
        "loss, as all four are.",
    )
    channel_strength: NonNegativeFloat = Field(
        0.0, le=1e3, description="Channels: the weights that read a channel, in all layers; 0 leaves them alone."
    )
    shape_strength: NonNegativeFloat = Field(
        0.0,
        le=1e3,
        description="Shapes: the same place in the kernels of all filters of a convolution; 0 leaves them alone.",
    )
    layer_strength: NonNegativeFloat = Field(
        0.0,
        le=1e3,
        description="Depth: whole layers that end a branch beside a shortcut, which the network must have; one that "
        "comes to zero stays so, and its branch leaves the finished network. 0 leaves them alone.",
    )

    @property
    def shrinks_nothing(self) -> bool:
        """No kind of group has a strength."""
        return not any((self.strength, self.channel_strength, self.shape_strength, self.layer_strength))


class SparseGroupLassoRegularizer(Spec):
    """Shrink single weights and the norms of channels together (Scardapane et al. 2017, arXiv:1607.00485).

    `strength * sum over channels of sqrt(weights of the channel) * norm + l1_strength * sum of |weight|`, by proximal
    steps. With both kinds of lines and no scaling it is DropNeuron (Pan et al. 2016, arXiv:1606.07326).
    """

    leaves_scores: ClassVar[bool] = True

    kind: Literal["sparse_group_lasso"] = "sparse_group_lasso"
    strength: PositiveFloat = Field(1e-4, le=1e3, description="Weight of the norms beside the mean loss.")
    l1_strength: NonNegativeFloat = Field(1e-4, le=1e3, description="Weight of the sum of all absolute weights.")
    lines: Literal["incoming", "outgoing", "both"] = Field(
        "outgoing",
        description="incoming: the weights that make a channel; outgoing: those that read it; both: each for itself.",
    )
    scaling: Literal["root_size", "none"] = Field(
        "root_size", description="root_size: norms count times the root of their number of weights; none: as they are."
    )


class BatchNormL1Regularizer(Spec):
    """Network slimming: an L1 penalty on the scales of batch norms (Liu et al. 2017, arXiv:1708.06519).

    `strength * sum of |gamma|`; channels then go by the criterion `batch_norm_scale`. Several operating points are the
    paper's passes.
    """

    leaves_scores: ClassVar[bool] = False

    kind: Literal["batch_norm_l1"] = "batch_norm_l1"
    strength: PositiveFloat = Field(1e-4, le=1e3, description="Weight of the penalty beside the mean loss.")
    step: Literal["subgradient", "proximal"] = Field(
        "subgradient",
        description="subgradient: the sign of the scale is added to its gradient, as the authors do; proximal: the "
        "scale is shrunk after each step, so that zeros are exact.",
    )


class L1MasksRegularizer(Spec):
    """Train a mask for every channel with an L1 penalty (Yang et al. 2019, doi:10.1109/ACCESS.2019.2933032).

    `strength * sum of |mask|`. A channel is closed for good once the mean of `|mask * weight|` over the weights that
    read it is below the threshold. At the end the masks are multiplied into these weights.
    """

    leaves_scores: ClassVar[bool] = True

    kind: Literal["l1_masks"] = "l1_masks"
    strength: PositiveFloat = Field(1e-4, le=1e3, description="Weight of the penalty beside the mean loss.")
    threshold: NonNegativeFloat = Field(
        1e-4, le=1e3, description="Mean of |mask * weight| below which a channel is closed for good."
    )
    mask_speed: PositiveFloat = Field(
        1.0, le=1e4, description="Learning rate of the masks, in units of the network's: short runs need more than 1."
    )


class L0HardConcreteRegularizer(Spec):
    """Learn a gate for every channel or weight, and pay for each that may be open (Louizos et al. 2018).

    arXiv:1712.01312. Gates are hard-concrete variables (beta 2/3, stretched to -0.1 .. 1.1, clamped to 0 .. 1), drawn
    once for each channel and mini-batch. The penalty is `sum over channels of P(gate > 0) * (strength / N * size +
    weight_decay / 2 * norm^2)`, N the number of training examples. At the end the gates are multiplied into the weights
    that read the channels; the criterion `learned` then removes first what is closed.
    """

    leaves_scores: ClassVar[bool] = True

    kind: Literal["l0_hard_concrete"] = "l0_hard_concrete"
    gated: Literal["channels", "weights"] = Field(
        "channels",
        description="What has a gate. channels: each channel (neuron, filter, head); weights: each single weight, and "
        "those that are closed at the end are zero; choose prune.granularity `unstructured` with the criterion "
        "`magnitude`: zeros go first.",
    )
    strength: PositiveFloat = Field(
        0.1,
        le=1e6,
        description="What an open gate costs for each parameter that it stands for, in nats over all data.",
    )
    counted: Literal["parameters", "macs", "latency", "channels"] = Field(
        "parameters",
        description="What a gate stands for. parameters: those that leave with its channel; macs: the operations that "
        "leave with it; latency: the time of its layers that leaves with it, by the section latency; both scaled so "
        "that all channels together cost as much as with parameters; channels: each counts 1. A gate of a weight "
        "counts 1 too, or with macs the operations of its weight.",
    )
    layer_factors: tuple[LayerFactor, ...] = Field(
        (), max_length=10_000, description="Other strengths for single layers, as factors: `conv1=10` is ten times."
    )
    weight_decay: NonNegativeFloat = Field(
        5e-4, le=1.0, description="L2 penalty on the weights that make a channel, weighted by P(gate > 0)."
    )
    initial_drop_rate: float = Field(0.5, ge=0.01, le=0.99, description="How often a gate is closed at first, roughly.")
    gate_speed: PositiveFloat = Field(
        1.0, le=1e4, description="Learning rate of the gates, in units of the network's: short runs need more than 1."
    )

    estimator: Literal["hard_concrete", "arm", "reinforce", "rebar", "relax"] = Field(
        "hard_concrete",
        description="How the loss tells gates where to go. hard_concrete: through gates between 0 and 1; arm: gates "
        "are 0 or 1, and two forward passes are compared (Li and Ji 2019, L0-ARM); reinforce: one pass is compared "
        "with the mean of earlier ones, which is noisy; rebar: three passes, two of them through gates between 0 and 1 "
        "whose slopes take noise away (Tucker et al. 2017); relax: the same with a small network that learns to take "
        "more of it away (Grathwohl et al. 2018).",
    )

    @field_validator("layer_factors")
    @classmethod
    def _sort_factors(cls, factors: tuple[str, ...]) -> tuple[str, ...]:
        """The same factors in another order are the same recipe; a layer named twice is refused."""
        return sort_factors(factors)

    @property
    def factors(self) -> dict[str, float]:
        """Factors of the strength by layer."""
        return numbers(self.layer_factors)


class TargetedDropoutRegularizer(Spec):
    """Drop at random what would go anyway, so that the rest learns without (Gomez et al. 2019, arXiv:1905.13678).

    In every group the share `targeted` of channels with the smallest norms are candidates, or for every output of a
    layer that share of its smallest weights; each mini-batch each of them is dropped with probability `drop_rate`.
    Choose the allocation `uniform`, as the authors do.
    """

    leaves_scores: ClassVar[bool] = True

    kind: Literal["targeted_dropout"] = "targeted_dropout"
    targeted: float = Field(
        0.5, gt=0.0, lt=1.0, description="Share of a layer's channels (or weights) that may be dropped."
    )
    drop_rate: float = Field(0.5, gt=0.0, le=1.0, description="Probability that a candidate is dropped.")
    course: Literal["ramped", "constant"] = Field(
        "ramped",
        description="ramped: the share rises to 95% of its value over the first half of these epochs and to all of it "
        "over the second, and the probability over all of them; constant: both as given from the start.",
    )
    dropped: Literal["channels", "weights"] = Field(
        "channels",
        description="weights: single weights, of which the candidates are zero at the end; choose prune.granularity "
        "`unstructured` with the criterion `magnitude`: zeros go first.",
    )


class VariationalDropoutRegularizer(Spec):
    """Learn how much noise every single weight bears, and zero those that bear more than they hold.

    Sparse variational dropout (Molchanov et al. 2017, arXiv:1701.05369): weights are drawn from N(theta, sigma^2), both
    learned; the divergence from a log-uniform prior, over N, is added to the loss. At the end weights with
    `log(sigma^2 / theta^2)` above the threshold are zero. Choose prune.granularity `unstructured` with the criterion
    `magnitude`: zeros go first.
    """

    leaves_scores: ClassVar[bool] = False

    kind: Literal["variational_dropout"] = "variational_dropout"
    strength: PositiveFloat = Field(1.0, le=1e3, description="Weight of the divergence; 1 is the variational bound.")
    warm_up: float = Field(
        0.5, ge=0.0, le=1.0, description="Share of these epochs over which the divergence rises from 0 to its weight."
    )
    threshold: float = Field(3.0, ge=-8.0, le=8.0, description="log alpha above which a weight is zero at the end.")
    initial_log_variance: float = Field(-10.0, ge=-30.0, le=5.0, description="log sigma^2 of all weights at first.")
    noise_speed: PositiveFloat = Field(
        1.0, le=1e4, description="Learning rate of the variances, in units of the network's."
    )
    noise: Noise = "weights"


class BayesianCompressionRegularizer(Spec):
    """Learn how much noise every channel bears (Louizos et al. 2017, arXiv:1705.08665).

    The weights that read a channel are drawn from normal distributions, times a scale of the channel that is drawn too;
    the divergence of the scales from a prior that prefers small or noisy ones, and of the weights from N(0, 1), over N,
    is added to the loss. Channels whose scale is mostly noise, or small, go first under the criterion `learned`.
    """

    leaves_scores: ClassVar[bool] = True

    kind: Literal["bayesian_compression"] = "bayesian_compression"
    strength: PositiveFloat = Field(1.0, le=1e3, description="Weight of the divergence; 1 is the variational bound.")
    warm_up: float = Field(
        0.0, ge=0.0, le=1.0, description="Share of these epochs over which the divergence rises from 0 to its weight."
    )
    initial_log_variance: float = Field(-9.0, ge=-30.0, le=5.0, description="log variance of everything at first.")
    noise_speed: PositiveFloat = Field(
        1.0, le=1e4, description="Learning rate of scales and variances, in units of the network's."
    )
    prior: Literal["normal_jeffreys", "horseshoe"] = Field(
        "normal_jeffreys",
        description="normal_jeffreys: p(scale) = 1 / |scale|, the scale is normal; horseshoe: half-Cauchy for each "
        "channel, times a half-Cauchy scale that a layer's channels share, the scale is log-normal.",
    )
    global_scale: float = Field(
        1e-5,
        ge=1e-15,
        le=1e3,
        description="Of the horseshoe prior: scale of what a layer's channels share (tau_0).",
    )
    noise: Noise = "weights"


Regularizer = Annotated[
    GroupLassoRegularizer
    | SparseGroupLassoRegularizer
    | BatchNormL1Regularizer
    | L1MasksRegularizer
    | L0HardConcreteRegularizer
    | TargetedDropoutRegularizer
    | VariationalDropoutRegularizer
    | BayesianCompressionRegularizer,
    Field(discriminator="kind"),
]


def criterion_that_reads(regularizer: Regularizer) -> str:
    """The criterion by which what a regularizer has learned, or left in the network, goes first."""
    if makes_single_weights_zero(regularizer):
        return "magnitude"
    if regularizer.leaves_scores:
        return "learned"
    return "batch_norm_scale" if regularizer.kind == "batch_norm_l1" else "magnitude"


def makes_single_weights_zero(regularizer: Regularizer) -> bool:
    """Whether it works on single weights, of which it leaves zeros, rather than on channels."""
    match regularizer.kind:
        case "targeted_dropout":
            return regularizer.dropped == "weights"
        case "l0_hard_concrete":
            return regularizer.gated == "weights"
        case kind:
            return kind == "variational_dropout"
