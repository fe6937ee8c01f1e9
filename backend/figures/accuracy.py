"""Accuracy against size: before any pruning, straight after it, after retraining, and on the test split."""

from collections.abc import Callable

import plotly.graph_objects as go

from backend.domain.reports import OperatingPoint, RunLayout, RunReport
from backend.figures import palette
from backend.figures.sizes import SIZES, UNITS, lay_out_sizes
from backend.figures.view import SizeAxis

_SERIES: tuple[tuple[str, Callable[[OperatingPoint], float], dict[str, object]], ...] = (
    (
        "dense (validation)",
        lambda point: point.dense_accuracy,
        {"mode": "lines", "line": {"color": palette.DENSE, "dash": "dash", "width": 1.5}},
    ),
    (
        "straight after pruning (validation)",
        lambda point: point.pruned_accuracy,
        {
            "mode": "lines+markers",
            "line": {"color": palette.PRUNED, "dash": "dot", "width": 1.5},
            "marker": {"color": palette.PRUNED, "size": 8, "symbol": "circle-open", "line": {"width": 2}},
        },
    ),
    (
        "after retraining (validation)",
        lambda point: point.retrained_accuracy,
        {
            "mode": "lines+markers",
            "line": {"color": palette.RETRAINED, "width": 2.5},
            "marker": {"color": palette.RETRAINED, "size": 9},
        },
    ),
    (
        "test",
        lambda point: point.test_accuracy,
        {
            "mode": "lines+markers",
            "line": {"color": palette.TEST, "width": 1.5},
            "marker": {"color": palette.TEST, "size": 8, "symbol": "diamond"},
        },
    ),
)


def draw_accuracy(report: RunReport, x: SizeAxis = "sparsity") -> go.Figure:
    """Accuracy in [0, 1] of every operating point against its size; `customdata` is the point's index."""
    figure = go.Figure()
    lay_out_sizes(figure, x, {report.layout.granularity})
    sizes = [SIZES[x](point, report.layout) for point in report.points]
    counts = [_describe(point, report.layout) for point in report.points]
    for name, value, style in _SERIES if report.points else ():
        figure.add_scatter(
            name=name,
            x=sizes,
            y=[value(point) for point in report.points],
            customdata=[point.index for point in report.points],
            text=counts,
            hovertemplate="<b>%{y:.2%}</b> " + name + "<br>%{text}<extra></extra>",
            **style,
        )
    return figure


def _describe(point: OperatingPoint, layout: RunLayout) -> str:
    """Raw counts for the hover label."""
    return (
        f"Point {point.index}, step {point.step}<br>{point.sparsity:.1%} of the {UNITS[layout.granularity]} removed"
        f"<br>{point.macs:,} of {layout.dense_macs:,} MACs"
        f"<br>{point.parameters:,} of {layout.dense_parameters:,} parameters"
    )
