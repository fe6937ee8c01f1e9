"""Accuracy against compression, all methods of a comparison: mean over seeds, with the range as a bar."""

import math
from collections.abc import Collection, Mapping

import plotly.graph_objects as go

from backend.domain.comparison import Comparison, Spread
from backend.figures import error_axis, palette
from backend.figures.error_axis import error_of


def draw_comparison(comparison: Comparison, baselines: Collection[str] = ()) -> go.Figure:
    """Test accuracy, by its error, against the compression that was reached; `baselines` are drawn dashed.

    What breaks down lies below the range that is shown first.
    """
    figure = go.Figure(layout={"hovermode": "closest"})
    _set_axes(figure, comparison, baselines)
    dense = comparison.dense_test_accuracy()
    if dense is not None:
        figure.add_hline(y=error_of(dense.mean), line={"color": palette.DENSE, "dash": "dash", "width": 1.5})
    styles = palette.styles_of_methods([method in baselines for method in comparison.methods])
    for method, style in zip(comparison.methods, styles, strict=True):
        _add_method(figure, comparison, method, style)
    return figure


def _set_axes(figure: go.Figure, comparison: Comparison, baselines: Collection[str]) -> None:
    found = {
        (method, value): comparison.test_accuracy(method, value)
        for method in comparison.methods
        for value in comparison.compressions
    }
    methods, others = (
        [spread for (method, _), spread in found.items() if spread is not None and (method in baselines) == is_baseline]
        for is_baseline in (False, True)
    )
    limits = error_axis.limits(methods, others, comparison.dense_test_accuracy())
    sizes = [size.mean for place in found if (size := comparison.reached(*place)) is not None]
    compressions = error_axis.compression_ticks(comparison.compressions, max(sizes, default=1.0))
    figure.update_layout(
        xaxis={
            "title": {"text": "Compression (dense / remaining parameters)"},
            "type": "log",
            "tickvals": compressions,
            "ticktext": [f"{value:g}x" for value in compressions],
        },
        yaxis={
            "title": {"text": error_axis.TITLE},
            "type": "log",
            "range": [math.log10(limit) for limit in limits],
            "tickvals": list(error_axis.TICKS),
            "ticktext": [error_axis.label_of(error) for error in error_axis.TICKS],
        },
    )


def _add_method(figure: go.Figure, comparison: Comparison, method: str, style: Mapping[str, object]) -> None:
    found = [
        (value, comparison.reached(method, value), comparison.test_accuracy(method, value))
        for value in comparison.compressions
    ]
    reached = [(value, at.mean, spread) for value, at, spread in found if at is not None and spread is not None]
    spreads = [spread for _, _, spread in reached]
    figure.add_scatter(
        name=method,
        x=[at for _, at, _ in reached],
        y=[error_of(spread.mean) for spread in spreads],
        error_y={
            "type": "data",
            "symmetric": False,
            "array": [error_of(spread.lowest) - error_of(spread.mean) for spread in spreads],
            "arrayminus": [error_of(spread.mean) - error_of(spread.highest) for spread in spreads],
            "thickness": 1,
            "width": 3,
        },
        customdata=[spread.mean for spread in spreads],
        text=[f"{value:g}x asked for<br>{_range_of(spread)}" for value, _, spread in reached],
        hovertemplate="<b>%{customdata:.2%}</b> " + method + "<br>%{x:.3g}x<br>%{text}<extra></extra>",
        mode="lines+markers",
        **style,
    )


def _range_of(spread: Spread) -> str:
    return "one seed" if spread.count == 1 else f"{spread.lowest:.2%} to {spread.highest:.2%}, {spread.count} seeds"
