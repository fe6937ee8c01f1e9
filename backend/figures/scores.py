"""Where the scores lay among which a removal chose: a histogram for each layer, with the cut."""

import math
from collections.abc import Iterator, Sequence
from html import escape

import plotly.graph_objects as go

from backend.domain.reports import RunReport
from backend.domain.scores import LayerScores, ScoreDistribution
from backend.figures import palette
from backend.figures.log_axis import log_axis
from backend.figures.sizes import UNITS

_HEIGHT = 0.82
"""Of the highest bar of each layer, where layers stand 1 apart."""
_ROOM = 0.01
"""Beside the bins, as a share of the axis."""
_DIGITS = 5
"""Significant digits of places along the axis."""


def draw_scores(report: RunReport) -> go.Figure:
    """Histograms one above the other, the first layer at the top, each as high as its row: of the last scores told.

    What stayed and what went are stacked; a line marks the highest score that went. Scores that are exactly zero are
    told in words, since they would dwarf the rest and have no place on a logarithmic axis.
    """
    figure = go.Figure()
    scores = report.scores[-1] if report.scores else None
    figure.update_layout(
        xaxis={
            "title": {"text": "Score (the lowest of a layer go first)"},
            "exponentformat": "power",
            "showgrid": False,
            "zeroline": False,
            **(log_axis((scores.low, scores.high)) if scores and scores.scale == "log" else {"type": "linear"}),
        },
        yaxis={"automargin": True, "showgrid": False, "zeroline": False},
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0},
        hovermode="closest",
    )
    if scores is None:
        return figure
    rows = list(range(len(scores.layers)))[::-1]
    names = [escape(layer.name) for layer in scores.layers]
    figure.update_xaxes(range=_axis_range(scores))
    figure.update_yaxes(tickvals=[row + _HEIGHT / 2 for row in rows], ticktext=names, range=[-0.1, len(rows)])
    _add_histograms(figure, scores, UNITS[report.layout.granularity])
    _add_cuts(figure, scores)
    _add_zeros(figure, scores)
    return figure


def _add_histograms(figure: go.Figure, scores: ScoreDistribution, units: str) -> None:
    edges = [_rounded(edge) for edge in scores.edges]
    hovers: list[tuple[float, float, str, int, int, float, float]] = []
    areas: dict[str, list[tuple[float | None, float | None]]] = {"stayed": [], "went": []}
    for row, layer in _rows(scores):
        counts = [kept + removed for kept, removed in zip(layer.kept, layer.removed, strict=True)]
        unit = _HEIGHT / (max(counts) or 1)
        areas["stayed"] += [*_outline(edges, [count * unit for count in counts], row), (None, None)]
        if any(layer.removed):
            areas["went"] += [*_outline(edges, [count * unit for count in layer.removed], row), (None, None)]
        for place, count in enumerate(counts):
            if count:
                middle = _middle(edges[place], edges[place + 1], scores.scale)
                told = (layer.name, layer.kept[place], layer.removed[place], edges[place], edges[place + 1])
                hovers.append((middle, row + count * unit, *told))
    for name, color in (("stayed", palette.RETRAINED), ("went", palette.PRUNED)):
        figure.add_scatter(
            name=f"{units} that {name}",
            x=[x for x, _ in areas[name]],
            y=[y for _, y in areas[name]],
            mode="lines",
            fill="toself",
            fillcolor=color,
            line={"color": color, "width": 0.5},
            hoverinfo="skip",
        )
    figure.add_scatter(
        x=[hover[0] for hover in hovers],
        y=[hover[1] for hover in hovers],
        customdata=[[escape(hover[2]), *hover[3:]] for hover in hovers],
        mode="markers",
        marker={"opacity": 0, "size": 6},
        showlegend=False,
        hovertemplate=(
            "<b>%{customdata[0]}</b>, scores of %{customdata[3]:.3g} to %{customdata[4]:.3g}<br>"
            "%{customdata[1]:,} stayed, %{customdata[2]:,} went<extra></extra>"
        ),
    )


def _add_cuts(figure: go.Figure, scores: ScoreDistribution) -> None:
    """The highest score that went; where that is off the axis, at its beginning."""
    cuts = [(row, max(layer.threshold, scores.low)) for row, layer in _rows(scores) if layer.threshold is not None]
    figure.add_scatter(
        name="highest score that went",
        x=[x for _, cut in cuts for x in (_rounded(cut), _rounded(cut), None)],
        y=[y for row, _ in cuts for y in (row, row + (1 + _HEIGHT) / 2, None)],
        mode="lines",
        line={"color": palette.DENSE, "width": 2},
        hoverinfo="skip",
    )


def _add_zeros(figure: go.Figure, scores: ScoreDistribution) -> None:
    told = [(row, layer) for row, layer in _rows(scores) if layer.zeros_kept + layer.zeros_removed]
    if told:
        figure.add_scatter(
            x=[_rounded(scores.low)] * len(told),
            y=[row + _HEIGHT for row, _ in told],
            text=[f" {_zeros(layer)}" for _, layer in told],
            mode="text",
            textposition="bottom right",
            textfont={"color": palette.DENSE},
            showlegend=False,
            hoverinfo="skip",
        )


def _axis_range(scores: ScoreDistribution) -> list[float]:
    """From the first bin to the last, with a little room; a logarithmic axis is given by its logarithms."""
    low, high = scores.low, scores.high
    if scores.scale == "log":
        low, high = math.log10(low), math.log10(high)
    room = _ROOM * (high - low)
    return [low - room, high + room]


def _zeros(layer: LayerScores) -> str:
    zeros = layer.zeros_kept + layer.zeros_removed
    return f"{zeros / (zeros + sum(layer.kept) + sum(layer.removed)):.0%} are exactly zero"


def _rows(scores: ScoreDistribution) -> Iterator[tuple[int, LayerScores]]:
    """Baseline of each layer, from the top down."""
    return zip(reversed(range(len(scores.layers))), scores.layers, strict=True)


def _outline(edges: Sequence[float], heights: Sequence[float], base: int) -> Iterator[tuple[float, float]]:
    """Corners of a histogram that stands on `base`."""
    before = 0.0
    yield edges[0], base
    for edge, height in zip(edges, (*heights, 0.0), strict=True):
        if height != before:
            yield edge, base + before
            yield edge, base + height
            before = height
    yield edges[-1], base


def _middle(low: float, high: float, scale: str) -> float:
    return (low * high) ** 0.5 if scale == "log" else (low + high) / 2


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")
