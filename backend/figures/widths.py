"""Widths over time: one row per layer, one column per step."""

from html import escape

import plotly.graph_objects as go

from backend.domain import metrics
from backend.domain.reports import RunReport
from backend.figures import palette
from backend.figures.sampling import thin_out

_MOST_COLUMNS = 300
"""More columns than this cannot be told apart on a screen."""


def draw_widths(report: RunReport) -> go.Figure:
    """Heat map of every layer's relative width (kept over dense, in (0, 1]); hover shows channel counts."""
    layers = report.layout.layers
    steps = thin_out(report.steps, _MOST_COLUMNS)
    figure = go.Figure()
    figure.update_layout(
        xaxis={"title": {"text": "Step"}, "tickformat": "d", "showgrid": False},
        yaxis={"autorange": "reversed", "type": "category", "automargin": True, "showgrid": False},
    )
    if not steps:
        return figure
    figure.add_heatmap(
        x=[step.step for step in steps],
        y=[escape(layer.name) for layer in layers],
        z=[
            [metrics.density(step.widths[row], layer.dense_width) for step in steps] for row, layer in enumerate(layers)
        ],
        text=[[f"{step.widths[row]} of {layer.dense_width}" for step in steps] for row, layer in enumerate(layers)],
        zmin=0.0,
        zmax=1.0,
        colorscale=palette.WIDTHS,
        colorbar={
            "title": {"text": "Width kept", "side": "right"},
            "tickformat": ".0%",
            "thickness": 12,
            "outlinewidth": 0,
        },
        hovertemplate="<b>%{y}</b>, step %{x}<br>%{text} channels<br>%{z:.1%} kept<extra></extra>",
    )
    return figure
