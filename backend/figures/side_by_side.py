"""Accuracy against size, several methods in one picture: mean over seeds, with the range as a bar."""

import statistics
from collections.abc import Sequence
from html import escape
from typing import Literal

import plotly.graph_objects as go

from backend.domain.reports import OperatingPoint
from backend.domain.side_by_side import Series
from backend.figures import palette
from backend.figures.sizes import SIZES, lay_out_sizes
from backend.figures.view import SizeAxis

Split = Literal["test", "validation"]


def draw_side_by_side(series: Sequence[Series], x: SizeAxis, split: Split) -> go.Figure:
    """One line for each series over the points that all of its runs have reached; baselines are dashed.

    `customdata` is the series' place in the list.
    """
    figure = go.Figure()
    at = "%{x:.3g}x" if x == "compression" else "%{x:.1%}"
    lay_out_sizes(figure, x, {run.layout.granularity for one in series for run in one.runs})
    styles = palette.styles_of_methods([one.is_baseline for one in series])
    for place, one in enumerate(series):
        columns = list(zip(*(run.points for run in one.runs), strict=False))
        if not columns:
            continue
        layout = one.runs[0].layout
        accuracies = [[_accuracy(point, split) for point in column] for column in columns]
        means = [statistics.mean(values) for values in accuracies]
        figure.add_scatter(
            name=escape(one.label),
            x=[statistics.mean(SIZES[x](point, layout) for point in column) for column in columns],
            y=means,
            error_y={
                "type": "data",
                "symmetric": False,
                "array": [max(values) - mean for values, mean in zip(accuracies, means, strict=True)],
                "arrayminus": [mean - min(values) for values, mean in zip(accuracies, means, strict=True)],
                "thickness": 1.5,
                "width": 4,
            },
            customdata=[place] * len(columns),
            text=[_describe(values) for values in accuracies],
            hovertemplate=f"<b>%{{y:.2%}}</b> {escape(one.label)}<br>{at}<br>%{{text}}<extra></extra>",
            mode="lines+markers",
            **styles[place],
        )
    return figure


def _accuracy(point: OperatingPoint, split: Split) -> float:
    return point.test_accuracy if split == "test" else point.retrained_accuracy


def _describe(values: Sequence[float]) -> str:
    if len(values) == 1:
        return "one seed"
    return f"{min(values):.2%} to {max(values):.2%}, {len(values)} seeds"
