"""How likely gates are open, over the steps in which a regularizer trains them."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import plotly.graph_objects as go

from backend.domain.gate_probabilities import ByLayer, GateProbabilities
from backend.domain.reports import RunReport
from backend.figures import palette
from backend.figures.sampling import thin_out
from backend.figures.steps import MOST_NAMES, MOST_STEPS, line_mode, step_axis

_MOST_BANDS = 4
"""Bands of more layers than this cover each other: then there are lines alone."""
_WORDS = {"median": "median", "open_share": "open without noise"}
_RANGE, _MIDDLE, _BESIDE_OTHERS = 0.12, 0.25, 0.14
"""Opacities of bands: of all gates, and of the middle half of them, alone and beside those of other layers."""


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
        xaxis=step_axis([]),
        yaxis={"title": {"text": "Probability that a gate is open (%)"}, "tickformat": ".0%", "range": [-0.02, 1.02]},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "traceorder": "normal"},
        hovermode="closest",
    )
    everything = _layers(report)
    if everything and not any(one.has("median") for one in everything):
        figure.update_yaxes(title={"text": "Gates that are open (%)"})
    chosen = [one for one in everything if layer in (None, one.name)]
    if chosen:
        figure.update_xaxes(step_axis(chosen[0].steps))
    if len(chosen) == 1:
        _draw_alone(figure, chosen[0])
    else:
        _draw_together(figure, chosen)
    return figure


def _draw_alone(figure: go.Figure, layer: _Layer) -> None:
    """Everything that is told of one layer."""
    if layer.has("median"):
        _add_band(figure, layer, ("minimum", "maximum"), opacity=_RANGE, name="all gates")
        _add_band(figure, layer, ("lower_quartile", "upper_quartile"), opacity=_MIDDLE, name="middle half")
        _add_line(figure, layer, "median", name=_WORDS["median"])
    if layer.has("open_share"):
        _add_line(figure, layer, "open_share", name=_WORDS["open_share"])


def _draw_together(figure: go.Figure, layers: Sequence[_Layer]) -> None:
    """Layers beside each other, each with its name at one of its lines."""
    for layer in layers:
        name = layer.name if len(layers) <= MOST_NAMES else ""
        if layer.has("median"):
            if len(layers) <= _MOST_BANDS:
                _add_band(figure, layer, ("lower_quartile", "upper_quartile"), opacity=_BESIDE_OTHERS)
            _add_line(figure, layer, "median", name=name)
        if layer.has("open_share") and (len(layers) <= _MOST_BANDS or not layer.has("median")):
            _add_line(figure, layer, "open_share", name="" if layer.has("median") else name)


def _layers(report: RunReport) -> list[_Layer]:
    """The layers that have gates."""
    pairs = [(step.step, step.gates) for step in report.steps if step.gates is not None]
    thinned = thin_out(pairs, MOST_STEPS)
    steps, told = [step for step, _ in thinned], [gates for _, gates in thinned]
    layers = [_Layer(layer.name, "", steps, told, place) for place, layer in enumerate(report.layout.layers)]
    gated = [layer for layer in layers if layer.has("median") or layer.has("open_share")]
    return [
        _Layer(layer.name, palette.COUPLED[number % len(palette.COUPLED)], steps, told, layer.place)
        for number, layer in enumerate(gated)
    ]


def _add_band(figure: go.Figure, layer: _Layer, fields: tuple[str, str], *, opacity: float, name: str = "") -> None:
    """A band between two numbers, in the legend if it has a name."""
    for field, fill in zip(fields, ("none", "tonexty"), strict=True):
        figure.add_scatter(
            name=name,
            x=layer.steps,
            y=layer.course(field),
            mode="lines",
            line={"color": layer.color, "width": 0},
            fill=fill,
            fillcolor=palette.with_opacity(layer.color, opacity),
            legendgroup=layer.name,
            showlegend=bool(name) and fill != "none",
            hoverinfo="skip",
        )


def _add_line(figure: go.Figure, layer: _Layer, field: str, *, name: str) -> None:
    """One of the numbers as a line, in the legend if it has a name."""
    figure.add_scatter(
        name=escape(name),
        meta=layer.name,
        x=layer.steps,
        y=layer.course(field),
        mode=line_mode(layer.steps),
        line={"color": layer.color, "width": 2, "dash": "solid" if field == "median" else "dash"},
        marker={"size": 5},
        legendgroup=layer.name,
        showlegend=bool(name),
        hovertemplate=f"<b>{escape(layer.name)}</b>, step %{{x}}<br>%{{y:.1%}} {_WORDS[field]}<extra></extra>",
    )
