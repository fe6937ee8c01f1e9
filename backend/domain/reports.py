"""What a run leaves behind: steps, operating points, and the layers their numbers belong to."""

from enum import StrEnum

from pydantic import NonNegativeFloat, NonNegativeInt, PositiveInt

from backend.domain import metrics
from backend.domain.collapse import Accuracies, tell_collapse
from backend.domain.dead import tell_dead
from backend.domain.gate_probabilities import GateProbabilities
from backend.domain.granularities import GranularityKind
from backend.domain.latencies import Latency
from backend.domain.scores import ScoreDistribution
from backend.domain.spec import Spec
from backend.domain.weight_bits import WeightBits


class Phase(StrEnum):
    """What a run was doing during a step."""

    TRAIN = "train"
    """Training a dense network."""
    SPARSIFY = "sparsify"
    """Training with a regularizer, before anything is removed."""
    PRUNE = "prune"
    RETRAIN = "retrain"


class TrackedLayer(Spec):
    """A layer whose width is recorded at every step; `StepRecord.widths` follows the same order."""

    name: str
    dense_width: PositiveInt
    is_prunable: bool
    dense_weights: NonNegativeInt = 0
    """Weights that may become zero; 0 where whole channels go."""


class RunLayout(Spec):
    """What stays the same over a run: which layers are tracked, and the dense network's counts."""

    layers: tuple[TrackedLayer, ...]
    dense_macs: PositiveInt
    dense_parameters: PositiveInt
    granularity: GranularityKind = "channel"
    """What one decision removes."""
    latency: Latency | None = None
    """Times of the layers that the run goes by, as measured or as given; None where it counts no latency.

    As the recipe's section `latency` they repeat the run with the same bits.
    """


class Zeros(Spec):
    """Single weights that were set to zero in a network that keeps its shapes, but for dead channels."""

    count: NonNegativeInt
    """Zeros in the network; `count + removed + sum(left) = prunable`."""
    prunable: PositiveInt
    """Weights that could become zero; biases, norms and other parameters are not among them."""
    left: tuple[NonNegativeInt, ...]
    """Weights left in every tracked layer, in the layout's order; 0 in layers that give none."""
    compressed_bytes: NonNegativeInt
    """All tensors, those with zeros as values and indices (compressed sparse rows) or with a bitmap, which is less."""
    removed: NonNegativeInt = 0
    """Weights that are not there any more: they went with dead channels."""
    file_macs: NonNegativeInt | None = None
    """MACs of the network as its files hold it, zeros counted; None for points from before it was recorded."""
    file_parameters: NonNegativeInt | None = None
    """Parameters in the files, zeros counted."""

    @property
    def notice(self) -> str:
        """What everybody should know who takes such a network."""
        shapes, saving = "Same shapes", "Not faster"
        if self.removed:
            shapes, saving = "Thinner by its dead channels only", "Zeros save no time"
        return (
            f"{shapes}; {self.count:,} of {self.prunable - self.removed:,} weights are zero. Compressed size (values "
            f"and indices): {self.compressed_bytes:,} bytes. {saving} until a runtime for sparse weights is used."
        )


class StepRecord(Spec):
    """One step of a run: a removal with the training steps that led to it, or a stretch of (re)training."""

    step: PositiveInt
    """1, 2, 3 ... without a gap, over the whole run."""
    phase: Phase
    progress: NonNegativeFloat
    """Share of the run that is done, in [0, 1]; never falls."""
    loss: float | None = None
    """Mean training loss over the step, in nats."""
    accuracy: float | None = None
    """Training accuracy over the step's mini-batches, in [0, 1]."""
    sparsity: NonNegativeFloat
    """Fraction of the prunable channels (or weights) removed so far."""
    macs: NonNegativeInt
    """Operations with weights that are zero are not counted."""
    parameters: NonNegativeInt
    """Weights that are zero are not counted."""
    widths: tuple[NonNegativeInt, ...]
    """Width of every tracked layer after the step (masked channels count as removed)."""
    zeros: Zeros | None = None
    """Where single weights go."""
    removed: tuple[str, ...] = ()
    """Channels removed in this step, as `group:original index`; of single weights only the counts are told."""
    before_accuracy: NonNegativeFloat | None = None
    """On the validation split, straight before this step's removal; None where it was not measured (see the recipe's
    `prune.measure_removals`), and where answers were not finite."""
    pruned_accuracy: NonNegativeFloat | None = None
    """The same straight after the removal, before any training: the difference is the removal's instability."""
    fisher_mass: tuple[NonNegativeFloat | None, ...] = ()
    """Fisher information of masks on the channels of every tracked layer, halved and summed: `sum_k 1/(2N) sum_n
    g_nk^2`, in nats; empty in histories from before it was recorded.

    Read in the step's last mini-batch, or in all of them where the criterion reads anyway. None where nothing can be
    read; coupled layers share one number, which stands at the first.
    """
    fisher_rao_norm: tuple[NonNegativeFloat | None, ...] = ()
    """`(1/N sum_n (sum_k g_nk)^2)^(1/2)` for every tracked layer, as above (Liang et al. 2019, arXiv:1711.01530)."""
    gates: GateProbabilities | None = None
    """While a regularizer trains gates; None otherwise, and in histories from before it was recorded."""
    gate_gradient_variance: tuple[NonNegativeFloat | None, ...] = ()
    """Variance of the loss's gradient by the logits of each tracked layer's gates, summed over the gates.

    Over the mini-batches of the step: by the estimator's draws, by the examples, and by what weights and logits learn
    meanwhile. Empty where no estimator is at work, in steps of one mini-batch, and in histories from before it was
    recorded; None in layers without gates, and where it is not finite.
    """

    def sparsities(self, layout: RunLayout) -> tuple[float, ...]:
        """Fraction of channels (or weights) removed per tracked layer, in the layout's order."""
        if self.zeros is not None:
            left = zip(self.zeros.left, layout.layers, strict=True)
            return tuple(metrics.sparsity(count, layer.dense_weights) for count, layer in left)
        pairs = zip(self.widths, layout.layers, strict=True)
        return tuple(metrics.sparsity(width, layer.dense_width) for width, layer in pairs)


class OperatingPoint(Spec):
    """One network on the accuracy-size curve; index 0 is the dense network itself.

    Validation accuracy is always given three times: before any pruning, straight after pruning, after retraining.
    The test split is read once for each operating point and never chooses anything.
    """

    index: NonNegativeInt
    step: NonNegativeInt
    sparsity: NonNegativeFloat
    macs: PositiveInt
    parameters: PositiveInt
    widths: tuple[NonNegativeInt, ...]
    zeros: Zeros | None = None
    """Where single weights go; then MACs and parameters count what is not zero."""
    dead_channels: tuple[str, ...] = ()
    """Channels that nobody read or that were constant, as `group:original index`: this network is without them, in all
    of its numbers, while the run went on with them."""
    removed_layers: tuple[str, ...] = ()
    """Layers that this network lacks too, in forward order: their residual branch said the same whatever the input.
    Their width is 0."""
    dense_accuracy: NonNegativeFloat
    pruned_accuracy: NonNegativeFloat
    retrained_accuracy: NonNegativeFloat
    retrained_loss: float
    test_accuracy: NonNegativeFloat
    test_loss: float
    before_accuracy: NonNegativeFloat | None = None
    """On the validation split, straight before the removals that led here; None where it was not recorded."""
    retrained_calibration_error: NonNegativeFloat | None = None
    """Expected calibration error of the finished network on the validation split, in [0, 1] (15 bins)."""
    test_calibration_error: NonNegativeFloat | None = None
    test_class_accuracies: tuple[NonNegativeFloat | None, ...] | None = None
    """By class; None for a class without test examples."""
    weight_bits: WeightBits | None = None
    """Where a regularizer learned how much noise the weights bear."""
    is_target: bool = False
    """This is the point the recipe asked for (the last one)."""

    @property
    def instability(self) -> float | None:
        """Accuracy lost by the removals alone, straight before minus straight after (Bartoldson et al. 2020)."""
        return None if self.before_accuracy is None else self.before_accuracy - self.pruned_accuracy

    @property
    def relative_instability(self) -> float | None:
        """`instability` as a share of the accuracy straight before; None where that is zero."""
        return (
            self.instability / self.before_accuracy if self.instability is not None and self.before_accuracy else None
        )

    @property
    def keeps_shapes(self) -> bool:
        """No tensor is smaller than in the dense network, so no time is saved."""
        return self.index == 0 or (self.zeros is not None and not self.has_lost_dead)

    @property
    def has_lost_dead(self) -> bool:
        """The network is smaller than the one in training, by channels or layers that nobody needs."""
        return bool(self.dead_channels or self.removed_layers)

    @property
    def collapse_notice(self) -> str | None:
        """What to change where the network only guesses, though the dense one did better; None for any other."""
        if self.index == 0 or self.test_class_accuracies is None:
            return None
        accuracies = Accuracies(
            dense=self.dense_accuracy,
            before=self.before_accuracy,
            pruned=self.pruned_accuracy,
            retrained=self.retrained_accuracy,
            by_class=self.test_class_accuracies,
        )
        return tell_collapse(self.index, accuracies)

    @property
    def dead_notice(self) -> str | None:
        """Which layers and how many other channels went because they were dead; None where none did."""
        return tell_dead(self.removed_layers, self.dead_channels) if self.has_lost_dead else None

    @property
    def notice(self) -> str | None:
        """What to know before the network is used; None for a network without zeros."""
        return self.zeros.notice if self.zeros is not None and self.zeros.count else None

    @property
    def notices(self) -> tuple[str, ...]:
        """All that is to be said of the network, in sentences."""
        bits = None if self.weight_bits is None else self.weight_bits.notice
        return tuple(
            sentence for sentence in (self.collapse_notice, self.dead_notice, self.notice, bits) if sentence is not None
        )

    @property
    def size_in_words(self) -> str:
        """MACs and parameters; where there are zeros, those in the files and those that are not zero."""
        counted = f"{self.macs:,} MACs and {self.parameters:,} parameters"
        if self.zeros is None or self.notice is None:
            return counted
        if self.zeros.file_macs is None or self.zeros.file_parameters is None:
            return f"{counted} not zero"
        return (
            f"{self.zeros.file_macs:,} MACs and {self.zeros.file_parameters:,} parameters in the file, "
            f"{self.macs:,} and {self.parameters:,} not zero"
        )

    def compression_ratio(self, layout: RunLayout) -> float:
        """Dense over remaining parameters."""
        return metrics.compression_ratio(layout.dense_parameters, self.parameters)

    def theoretical_speedup(self, layout: RunLayout) -> float:
        """Dense over remaining multiply-accumulate operations, those with zeros counted: they take their time."""
        if self.zeros is None:
            return metrics.theoretical_speedup(layout.dense_macs, self.macs)
        return metrics.theoretical_speedup(layout.dense_macs, self.zeros.file_macs or layout.dense_macs)

    def file_macs_density(self, layout: RunLayout) -> float | None:
        """MACs kept by the network in the files, those with zeros counted; None for a network without zeros."""
        return None if self.notice is None else 1 / self.theoretical_speedup(layout)


_SIZES = ("sparsity", "macs", "parameters", "widths", "zeros")
"""What a step and an operating point both tell of a network."""


class RunReport(Spec):
    """A whole run, as figures and exports read it."""

    layout: RunLayout
    steps: tuple[StepRecord, ...] = ()
    points: tuple[OperatingPoint, ...] = ()
    scores: tuple[ScoreDistribution, ...] = ()
    """Of the points that removals led to, in order; empty in histories from before they were recorded."""

    @property
    def delivered_steps(self) -> tuple[StepRecord, ...]:
        """The steps, but where an operating point was handed out without what is dead its sizes."""
        thinner = {point.step: point for point in self.points if point.has_lost_dead}
        sizes = {step: {name: getattr(point, name) for name in _SIZES} for step, point in thinner.items()}
        return tuple(record.model_copy(update=sizes.get(record.step)) for record in self.steps)
