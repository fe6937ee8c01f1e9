"""Accuracy against compression, all methods of a comparison: mean over seeds, with the range as a band."""

from collections.abc import Collection, Mapping

import plotly.graph_objects as go

from backend.domain.comparison import Comparison, Spread
from backend.figures import palette


def draw_comparison(comparison: Comparison, baselines: Collection[str] = ()) -> go.Figure:
    """Test accuracy in [0, 1] against the compression that was reached; `baselines` are drawn dashed."""
    figure = go.Figure()
    figure.update_layout(
        xaxis={
            "title": {"text": "Compression (dense / remaining parameters)"},
            "type": "log",
            "tickvals": list(comparison.compressions),
            "ticktext": [f"{value:g}x" for value in comparison.compressions],
        },
        yaxis={"title": {"text": "Test accuracy (%)"}, "tickformat": ".0%"},
        hovermode="closest",
    )
    dense = comparison.dense_test_accuracy()
    if dense is not None:
        figure.add_hline(y=dense.mean, line={"color": palette.DENSE, "dash": "dash", "width": 1.5})
    styles = palette.styles_of_methods([method in baselines for method in comparison.methods])
    for method, style in zip(comparison.methods, styles, strict=True):
        _add_method(figure, comparison, method, style)
    return figure


def _add_method(figure: go.Figure, comparison: Comparison, method: str, style: Mapping[str, object]) -> None:
    found = [
        (value, comparison.reached(method, value), comparison.test_accuracy(method, value))
        for value in comparison.compressions
    ]
    reached = [(value, at.mean, spread) for value, at, spread in found if at is not None and spread is not None]
    spreads: list[tuple[float, Spread]] = [(at, spread) for _, at, spread in reached]
    figure.add_scatter(
        name=method,
        x=[value for value, _ in spreads],
        y=[spread.mean for _, spread in spreads],
        error_y={
            "type": "data",
            "symmetric": False,
            "array": [spread.highest - spread.mean for _, spread in spreads],
            "arrayminus": [spread.mean - spread.lowest for _, spread in spreads],
            "thickness": 1,
            "width": 3,
        },
        text=[f"{value:g}x asked for<br>{_range_of(spread)}" for value, _, spread in reached],
        hovertemplate="<b>%{y:.2%}</b> " + method + "<br>%{x:.3g}x<br>%{text}<extra></extra>",
        mode="lines+markers",
        **style,
    )


def _range_of(spread: Spread) -> str:
    return "one seed" if spread.count == 1 else f"{spread.lowest:.2%} to {spread.highest:.2%}, {spread.count} seeds"
