"""The axis of a figure that goes over the steps of a run."""

from collections.abc import Sequence
from typing import Any

_FEWEST_TICKS = 10
"""Over fewer steps than this ticks would lie between them, and repeat the same number."""


MOST_STEPS = 300
"""More steps than this cannot be told apart, and lines of many layers take long to draw."""
MOST_NAMES = 12
"""A legend of more names than this takes more room than the lines."""
_LEAST_LINE = 20
"""Fewer steps than this are marked one by one."""


def line_mode(steps: Sequence[int]) -> str:
    """How a line over these steps is drawn."""
    return "lines+markers" if len(steps) < _LEAST_LINE else "lines"


def step_axis(steps: Sequence[int]) -> dict[str, Any]:
    """An x axis over these steps, in order, with ticks at whole steps alone."""
    axis: dict[str, Any] = {"title": {"text": "Step"}, "tickformat": "d"}
    is_short = bool(steps) and steps[-1] - steps[0] < _FEWEST_TICKS
    return axis | {"dtick": 1} if is_short else axis
