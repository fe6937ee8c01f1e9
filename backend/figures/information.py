"""How much the loss hangs on each layer, over the steps of a run."""

from collections.abc import Sequence
from itertools import chain

import plotly.graph_objects as go

from backend.domain.reports import RunReport, StepRecord
from backend.figures import palette
from backend.figures.log_axis import log_axis
from backend.figures.sampling import thin_out
from backend.figures.steps import MOST_NAMES, MOST_STEPS, layer_style, step_axis


def draw_information(report: RunReport) -> go.Figure:
    """Fisher mass (nats, above) and Fisher-Rao norm (below) of every layer by step, on logarithmic axes."""
    steps = thin_out([step for step in report.steps if step.fisher_mass], MOST_STEPS)
    layers = _told_layers(report, steps)
    numbers = [step.step for step in steps]
    masses = {place: _above_zero([step.fisher_mass[place] for step in steps]) for place, _ in layers}
    norms = {place: _above_zero([step.fisher_rao_norm[place] for step in steps]) for place, _ in layers}
    mass_axis, norm_axis = (log_axis(chain.from_iterable(lines.values())) for lines in (masses, norms))
    figure = go.Figure()
    figure.update_layout(
        xaxis=step_axis(numbers) | {"anchor": "y2"},
        yaxis=mass_axis | {"title": {"text": "Fisher mass (nats)"}, "domain": [0.54, 1.0]},
        yaxis2=norm_axis | {"title": {"text": "Fisher-Rao norm"}, "domain": [0.0, 0.46]},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        hovermode="closest",
    )
    for number, (place, name) in enumerate(layers):
        style = layer_style(name, palette.COUPLED[number % len(palette.COUPLED)], numbers)
        figure.add_scatter(x=numbers, y=masses[place], showlegend=len(layers) <= MOST_NAMES, **style)
        figure.add_scatter(x=numbers, y=norms[place], yaxis="y2", showlegend=False, **style)
    return figure


def _told_layers(report: RunReport, steps: Sequence[StepRecord]) -> list[tuple[int, str]]:
    """Place and name of the layers that have numbers."""
    return [
        (place, layer.name)
        for place, layer in enumerate(report.layout.layers)
        if any(step.fisher_mass[place] is not None for step in steps)
    ]


def _above_zero(values: Sequence[float | None]) -> list[float | None]:
    """Zero has no logarithm: a gap."""
    return [value or None for value in values]
