"""What a run leaves behind: steps, operating points, and the layers their numbers belong to."""

from enum import StrEnum

from pydantic import NonNegativeFloat, NonNegativeInt, PositiveInt

from backend.domain import metrics
from backend.domain.spec import Spec


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


class RunLayout(Spec):
    """What stays the same over a run: which layers are tracked, and the dense network's counts."""

    layers: tuple[TrackedLayer, ...]
    dense_macs: PositiveInt
    dense_parameters: PositiveInt


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
    """Fraction of the prunable channels removed so far."""
    macs: NonNegativeInt
    parameters: NonNegativeInt
    widths: tuple[NonNegativeInt, ...]
    """Width of every tracked layer after the step (masked channels count as removed)."""
    removed: tuple[str, ...] = ()
    """Channels removed in this step, as `group:original index`."""

    def sparsities(self, layout: RunLayout) -> tuple[float, ...]:
        """Fraction removed per tracked layer, in the layout's order."""
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
    dense_accuracy: NonNegativeFloat
    pruned_accuracy: NonNegativeFloat
    retrained_accuracy: NonNegativeFloat
    retrained_loss: float
    test_accuracy: NonNegativeFloat
    test_loss: float
    is_target: bool = False
    """This is the point the recipe asked for (the last one)."""

    def compression_ratio(self, layout: RunLayout) -> float:
        """Dense over remaining parameters."""
        return metrics.compression_ratio(layout.dense_parameters, self.parameters)

    def theoretical_speedup(self, layout: RunLayout) -> float:
        """Dense over remaining multiply-accumulate operations."""
        return metrics.theoretical_speedup(layout.dense_macs, self.macs)


class RunReport(Spec):
    """A whole run, as figures and exports read it."""

    layout: RunLayout
    steps: tuple[StepRecord, ...] = ()
    points: tuple[OperatingPoint, ...] = ()
