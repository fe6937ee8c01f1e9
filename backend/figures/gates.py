"""How likely gates are open, over the steps in which a regularizer trains them."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import plotly.graph_objects as go

from backend.domain.gate_probabilities import ByLayer, GateProbabilities
from backend.domain.reports import RunReport
from backend.figures import palette
from backend.figures.sampling import thin_out

_MOST_STEPS = 300
"""More steps than this cannot be told apart."""
_MOST_BANDS = 4
"""Bands of more layers than this cover each other: then there are lines alone."""
_MOST_NAMES = 12
"""A legend of more names than this takes more room than the lines."""
_LEAST_LINE = 20
"""Fewer steps than this are marked one by one."""
_WIDE_BAND, _NARROW_BAND = 0.12, 0.25
"""Opacities: of all gates, and of the middle half of them."""


@dataclass(frozen=True)
class _Layer:
    """One layer's gates over time."""

    name: str
    color: str
    steps: Sequence[int]
    told: Sequence[GateProbabilities]
    place: int

    def course(self, field: str) -> list[float | None]:
        """One of the numbers, step by step."""
        columns: list[ByLayer] = [getattr(item, field) for item in self.told]
        return [column[self.place] for column in columns]

    def has(self, field: str) -> bool:
        """The number is there at some step."""
        return any(value is not None for value in self.course(field))


def draw_gates(report: RunReport, layer: str | None = None) -> go.Figure:
    """Median probability by step, with the middle half of the gates as a band, and the share that ends open, dashed.

    Of one layer, or of all: then bands are drawn as long as they can be told apart. Every line's `meta` is the name of
    its layer. Where gates are not random there is the share alone.
    """
    figure = go.Figure()
    figure.update_layout(
        xaxis={"title": {"text": "Step"}, "tickformat": "d"},
        yaxis={"title": {"text": "Probability that a gate is open (%)"}, "tickformat": ".0%", "range": [-0.02, 1.02]},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        hovermode="closest",
    )
    everything = _layers(report)
    chosen = [one for one in everything if layer in (None, one.name)]
    for one in chosen:
        if len(chosen) == 1:
            _add_band(figure, one, ("minimum", "maximum"), _WIDE_BAND)
        if len(chosen) <= _MOST_BANDS:
            _add_band(figure, one, ("lower_quartile", "upper_quartile"), _NARROW_BAND)
        _add_line(figure, one, "median", is_named=len(chosen) <= _MOST_NAMES)
        if len(chosen) <= _MOST_BANDS or not one.has("median"):
            is_named = len(chosen) == 1 or (not one.has("median") and len(chosen) <= _MOST_NAMES)
            _add_line(figure, one, "open_share", is_named=is_named)
    return figure


def _layers(report: RunReport) -> list[_Layer]:
    """The layers that have gates."""
    pairs = [(step.step, step.gates) for step in report.steps if step.gates is not None]
    thinned = thin_out(pairs, _MOST_STEPS)
    steps, told = [step for step, _ in thinned], [gates for _, gates in thinned]
    layers = [_Layer(layer.name, "", steps, told, place) for place, layer in enumerate(report.layout.layers)]
    gated = [layer for layer in layers if layer.has("median") or layer.has("open_share")]
    return [
        _Layer(layer.name, palette.COUPLED[number % len(palette.COUPLED)], steps, told, layer.place)
        for number, layer in enumerate(gated)
    ]


def _add_band(figure: go.Figure, layer: _Layer, fields: tuple[str, str], opacity: float) -> None:
    if not layer.has("median"):
        return
    for field, fill in zip(fields, ("none", "tonexty"), strict=True):
        figure.add_scatter(
            x=layer.steps,
            y=layer.course(field),
            mode="lines",
            line={"color": layer.color, "width": 0},
            fill=fill,
            fillcolor=palette.with_opacity(layer.color, opacity),
            legendgroup=layer.name,
            showlegend=False,
            hoverinfo="skip",
        )


def _add_line(figure: go.Figure, layer: _Layer, field: str, *, is_named: bool) -> None:
    if not layer.has(field):
        return
    words = "median" if field == "median" else "open at the end, as it stands"
    figure.add_scatter(
        name=escape(layer.name) if field == "median" or not layer.has("median") else words,
        meta=layer.name,
        x=layer.steps,
        y=layer.course(field),
        mode="lines+markers" if len(layer.steps) < _LEAST_LINE else "lines",
        line={"color": layer.color, "width": 2, "dash": "solid" if field == "median" else "dash"},
        marker={"size": 5},
        legendgroup=layer.name,
        showlegend=is_named,
        hovertemplate=f"<b>{escape(layer.name)}</b>, step %{{x}}<br>%{{y:.1%}} {words}<extra></extra>",
    )
