"""Instability: how much accuracy the removals of each operating point take away (Bartoldson et al. 2020)."""

import plotly.graph_objects as go

from backend.domain.reports import OperatingPoint, RunReport
from backend.figures import palette

_LEAST = 0.01
"""The axis reaches so far at least: of runs that lose nothing too."""


def draw_instability(report: RunReport) -> go.Figure:
    """Validation accuracy straight before the removals minus straight after them, by point; empty without any."""
    figure = go.Figure()
    figure.update_layout(
        xaxis={"title": {"text": "Operating point"}, "tickformat": "d", "dtick": 1},
        yaxis={
            "title": {"text": "Accuracy lost by removal (%)"},
            "tickformat": ".1%",
            "autorangeoptions": {"include": [0, _LEAST]},
        },
    )
    points = [point for point in report.points if point.instability is not None]
    if points:
        figure.add_bar(
            name="instability",
            x=[point.index for point in points],
            y=[point.instability for point in points],
            customdata=[point.index for point in points],
            text=[_describe(point) for point in points],
            textposition="none",
            marker={"color": palette.PRUNED},
            hovertemplate="<b>%{y:.2%}</b> lost at point %{x}<br>%{text}<extra></extra>",
        )
    return figure


def _describe(point: OperatingPoint) -> str:
    """Raw numbers for the hover label."""
    share = point.relative_instability
    relative = "" if share is None else f"<br>{share:.1%} of the accuracy before"
    return f"{point.before_accuracy:.2%} before, {point.pruned_accuracy:.2%} after{relative}"
