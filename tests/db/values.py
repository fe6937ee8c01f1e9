"""Small domain values for the database tests."""

from backend.domain.reports import OperatingPoint, Phase, RunLayout, StepRecord, TrackedLayer
from backend.domain.scores import BINS, LayerScores, ScoreDistribution

LAYOUT = RunLayout(
    layers=(
        TrackedLayer(name="fc1", dense_width=8, is_prunable=True),
        TrackedLayer(name="fc2", dense_width=4, is_prunable=True),
    ),
    dense_macs=1000,
    dense_parameters=500,
)


def step(number: int) -> StepRecord:
    """Step `number` of a run."""
    return StepRecord(
        step=number,
        phase=Phase.PRUNE,
        progress=min(1.0, number / 100),
        loss=1.0 / number,
        accuracy=0.5,
        sparsity=0.25,
        macs=900,
        parameters=450,
        widths=(6, 4),
        removed=("fc1:3",),
    )


def point(index: int, at_step: int) -> OperatingPoint:
    """An operating point."""
    return OperatingPoint(
        index=index,
        step=at_step,
        sparsity=0.25,
        macs=900,
        parameters=450,
        widths=(6, 4),
        dense_accuracy=0.9,
        pruned_accuracy=0.7,
        retrained_accuracy=0.89,
        retrained_loss=0.3,
        test_accuracy=0.88,
        test_loss=0.31,
        is_target=index == 4,
    )


def scores(index: int) -> ScoreDistribution:
    """Scores of one layer before a point: two stayed, one went."""
    kept, removed = (0,) * (BINS - 1) + (2,), (1,) + (0,) * (BINS - 1)
    layer = LayerScores(name="fc1", kept=kept, removed=removed, zeros_kept=0, zeros_removed=0, threshold=0.5)
    return ScoreDistribution(point=index, scale="linear", low=0.5, high=2.5, layers=(layer,))
