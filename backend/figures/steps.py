"""The axis of a figure that goes over the steps of a run."""

from collections.abc import Sequence
from typing import Any

_FEWEST_TICKS = 10
"""Over fewer steps than this ticks would lie between them, and repeat the same number."""


def step_axis(steps: Sequence[int]) -> dict[str, Any]:
    """An x axis over these steps, in order, with ticks at whole steps alone."""
    axis: dict[str, Any] = {"title": {"text": "Step"}, "tickformat": "d"}
    is_short = bool(steps) and steps[-1] - steps[0] < _FEWEST_TICKS
    return axis | {"dtick": 1} if is_short else axis
