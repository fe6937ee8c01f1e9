"""Calibration: how far the confidences of the network at each operating point are from its accuracy."""

from collections.abc import Callable

import plotly.graph_objects as go

from backend.domain.reports import OperatingPoint, RunReport
from backend.figures import palette

_LEAST = 0.01
"""The axis reaches so far at least: where there is a single error, or none at all, too."""
_SERIES: tuple[tuple[str, Callable[[OperatingPoint], float | None], str], ...] = (
    ("validation", lambda point: point.retrained_calibration_error, palette.RETRAINED),
    ("test", lambda point: point.test_calibration_error, palette.TEST),
)


def draw_calibration(report: RunReport) -> go.Figure:
    """Expected calibration error (15 bins, in [0, 1]) by point, 0 is the dense network; empty where none was recorded.

    Guo et al. 2017, arXiv:1706.04599.
    """
    figure = go.Figure()
    figure.update_layout(
        xaxis={
            "title": {"text": "Operating point (0 is the dense network)"},
            "tickformat": "d",
            "dtick": 1,
            "autorangeoptions": {"clipmin": -0.5},
        },
        yaxis={
            "title": {"text": "Expected calibration error (%)"},
            "tickformat": ".1%",
            "rangemode": "tozero",
            "autorangeoptions": {"include": _LEAST, "clipmin": 0, "clipmax": 1},
        },
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
    )
    for name, value, color in _SERIES:
        points = [point for point in report.points if value(point) is not None]
        if points:
            figure.add_scatter(
                name=name,
                x=[point.index for point in points],
                y=[value(point) for point in points],
                customdata=[point.index for point in points],
                mode="lines+markers",
                line={"color": color, "width": 1.5},
                hovertemplate="<b>%{y:.2%}</b> at point %{x}, " + name + "<extra></extra>",
            )
    return figure
