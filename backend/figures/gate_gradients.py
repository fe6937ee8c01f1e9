"""How noisy the gradients of gates are while a regularizer trains them: the estimators' variance over the steps."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from itertools import chain

import plotly.graph_objects as go

from backend.domain.reports import RunReport
from backend.domain.side_by_side import Series
from backend.figures import palette
from backend.figures.log_axis import log_axis
from backend.figures.sampling import thin_out
from backend.figures.steps import MOST_NAMES, MOST_STEPS, layer_style, line_mode, step_axis

_OPACITY = 0.14
"""Of the range over seeds."""


def draw_layer_gradients(report: RunReport) -> go.Figure:
    """One line for each layer whose gates' gradients are estimated, on a logarithmic axis; empty without any."""
    told = [(step.step, step.gate_gradient_variance) for step in report.steps if step.gate_gradient_variance]
    thinned = thin_out(told, MOST_STEPS)
    steps = [step for step, _ in thinned]
    columns = {place: [values[place] or None for _, values in thinned] for place in range(len(report.layout.layers))}
    lines = {place: column for place, column in columns.items() if any(column)}
    figure = _figure(steps, chain.from_iterable(lines.values()))
    for number, (place, column) in enumerate(lines.items()):
        color = palette.COUPLED[number % len(palette.COUPLED)]
        style = layer_style(report.layout.layers[place].name, color, steps)
        figure.add_scatter(x=steps, y=column, showlegend=len(lines) <= MOST_NAMES, **style)
    return figure


def draw_series_gradients(series: Sequence[Series], variances: Mapping[str, Mapping[int, float]]) -> go.Figure:
    """One line for each series whose gates' gradients are estimated: mean over seeds, the range as a band.

    `variances` are by run and mini-batch of its sparsifying, of all gates of a network together. Colors are those of
    the series elsewhere.
    """
    found = {place: _columns([variances.get(run.id, {}) for run in one.runs]) for place, one in enumerate(series)}
    drawn = {place: columns for place, columns in found.items() if columns}
    steps = sorted(set(chain.from_iterable(drawn.values())))
    figure = _figure(steps, chain.from_iterable(chain.from_iterable(columns.values()) for columns in drawn.values()))
    figure.update_xaxes(title={"text": "Mini-batches of sparsifying"})
    styles = palette.styles_of_methods([one.is_baseline for one in series])
    for place, columns in drawn.items():
        _add_series(figure, series[place], columns, styles[place])
    return figure


def _columns(runs: Sequence[Mapping[int, float]]) -> dict[int, list[float]]:
    """Numbers of all runs that have any, by step, as far as all have come; zero has no logarithm."""
    told = [run for run in runs if run]
    if not told:
        return {}
    common = sorted(set.intersection(*(set(run) for run in told)))
    return {step: values for step, values in ((step, [run[step] for run in told]) for step in common) if all(values)}


def _add_series(
    figure: go.Figure, one: Series, columns: Mapping[int, Sequence[float]], style: Mapping[str, object]
) -> None:
    steps, name = list(columns), escape(one.label)
    hover = f"<b>%{{y:.3g}}</b> {name}<br>mini-batch %{{x}}<extra></extra>"
    means = [statistics.mean(values) for values in columns.values()]
    line = go.Scatter(
        name=name, x=steps, y=means, mode=line_mode(steps), legendgroup=name, hovertemplate=hover, **style
    )
    if any(len(values) > 1 for values in columns.values()):
        for edge, fill in ((min, "none"), (max, "tonexty")):
            figure.add_scatter(
                x=steps,
                y=[edge(values) for values in columns.values()],
                mode="lines",
                line={"width": 0},
                fill=fill,
                fillcolor=palette.with_opacity(line.line.color, _OPACITY),
                legendgroup=name,
                showlegend=False,
                hoverinfo="skip",
            )
    figure.add_trace(line)


def _figure(steps: Sequence[int], values: Iterable[float | None]) -> go.Figure:
    """Axes alone, for lines over these steps."""
    return go.Figure(
        layout={
            "xaxis": step_axis(steps),
            "yaxis": log_axis(values) | {"title": {"text": "Variance of the gates' gradient"}},
            "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
            "hovermode": "closest",
        }
    )
