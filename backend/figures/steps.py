"""The axis of a figure that goes over the steps of a run."""

from collections.abc import Sequence
from html import escape
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


def layer_style(name: str, color: str, steps: Sequence[int]) -> dict[str, Any]:
    """The line of one layer among others over these steps."""
    return {
        "name": escape(name),
        "legendgroup": name,
        "mode": line_mode(steps),
        "line": {"color": color, "width": 1.5},
        "marker": {"size": 5},
        "hovertemplate": "<b>%{fullData.name}</b>, step %{x}<br>%{y:.3g}<extra></extra>",
    }


def step_axis(steps: Sequence[int]) -> dict[str, Any]:
    """An x axis over these steps, in order, with ticks at whole steps alone."""
    axis: dict[str, Any] = {"title": {"text": "Step"}, "tickformat": "d"}
    is_short = bool(steps) and steps[-1] - steps[0] < _FEWEST_TICKS
    return axis | {"dtick": 1} if is_short else axis
