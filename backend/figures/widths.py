"""Widths (or densities of weights) over time: one row per layer, one column per step."""

from html import escape

import plotly.graph_objects as go

from backend.domain import metrics
from backend.domain.reports import RunReport, StepRecord, TrackedLayer
from backend.figures import palette
from backend.figures.sampling import thin_out
from backend.figures.sizes import UNITS
from backend.figures.steps import step_axis

_MOST_COLUMNS = 300
"""More columns than this cannot be told apart on a screen."""


def draw_widths(report: RunReport) -> go.Figure:
    """Heat map of every layer's relative width (kept over dense, in (0, 1]); hover shows counts of channels.

    Where single weights become zero, widths stay: then it shows how many weights each layer keeps.
    """
    layers, units = report.layout.layers, UNITS[report.layout.granularity]
    steps = thin_out(report.delivered_steps, _MOST_COLUMNS)
    figure = go.Figure()
    figure.update_layout(
        xaxis=step_axis([step.step for step in steps]) | {"showgrid": False},
        yaxis={"autorange": "reversed", "type": "category", "automargin": True, "showgrid": False},
    )
    if not steps:
        return figure
    figure.add_heatmap(
        x=[step.step for step in steps],
        y=[escape(layer.name) for layer in layers],
        z=[[metrics.density(*_counts(step, layer, row)) for step in steps] for row, layer in enumerate(layers)],
        text=[[_describe(step, layer, row) for step in steps] for row, layer in enumerate(layers)],
        zmin=0.0,
        zmax=1.0,
        colorscale=palette.WIDTHS,
        colorbar={
            "title": {"text": "Width kept" if units == "channels" else "Weights kept", "side": "right"},
            "tickformat": ".0%",
            "thickness": 12,
            "outlinewidth": 0,
        },
        hovertemplate="<b>%{y}</b>, step %{x}<br>%{text} " + units + "<br>%{z:.1%} kept<extra></extra>",
    )
    return figure


def _counts(step: StepRecord, layer: TrackedLayer, row: int) -> tuple[int, int]:
    """Channels or weights that the layer keeps, and those it had."""
    if step.zeros is None:
        return step.widths[row], layer.dense_width
    return step.zeros.left[row], layer.dense_weights


def _describe(step: StepRecord, layer: TrackedLayer, row: int) -> str:
    """A layer without any width is gone as a whole."""
    kept, dense = _counts(step, layer, row)
    return f"{kept:,} of {dense:,}" if step.widths[row] else f"removed, 0 of {dense:,}"
