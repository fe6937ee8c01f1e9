"""Training loss and training accuracy over the steps of a run."""

from collections.abc import Iterator, Sequence

import plotly.graph_objects as go

from backend.domain.reports import Phase, RunReport, StepRecord
from backend.figures import palette
from backend.figures.sampling import thin_out
from backend.figures.steps import line_mode, step_axis

_MOST_STEPS = 1000


def draw_loss(report: RunReport) -> go.Figure:
    """Loss (nats, left) and accuracy on the training batches (right) by step; retraining stands on tinted ground."""
    steps = thin_out(report.steps, _MOST_STEPS)
    figure = go.Figure()
    figure.update_layout(
        xaxis=step_axis([step.step for step in steps]),
        yaxis={"title": {"text": "Training loss (nats)"}, "rangemode": "tozero"},
        yaxis2={
            "title": {"text": "Training accuracy (%)"},
            "tickformat": ".0%",
            "rangemode": "tozero",
            "tickmode": "auto",
            "overlaying": "y",
            "side": "right",
            "showgrid": False,
        },
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        hovermode="x unified",
    )
    if not steps:
        return figure
    numbers = [step.step for step in steps]
    _add_line(figure, "loss", numbers, [step.loss for step in steps], axis="y")
    _add_line(figure, "accuracy", numbers, [step.accuracy for step in steps], axis="y2")
    for first, last in _stretches(steps, Phase.RETRAIN):
        figure.add_vrect(x0=first - 0.5, x1=last + 0.5, fillcolor=palette.SHADE, line_width=0, layer="below")
    return figure


def _add_line(figure: go.Figure, name: str, steps: list[int], values: list[float | None], axis: str) -> None:
    color, form = (palette.PRUNED, "%{y:.4~g}") if axis == "y" else (palette.TEST, "%{y:.2%}")
    figure.add_scatter(
        name=name,
        x=steps,
        y=values,
        yaxis=axis,
        mode=line_mode(steps),
        line={"color": color, "width": 1.5},
        marker={"size": 5},
        hovertemplate=form,
    )


def _stretches(steps: Sequence[StepRecord], phase: Phase) -> Iterator[tuple[int, int]]:
    """First and last step of every unbroken stretch in `phase`."""
    first: int | None = None
    last = 0
    for step in steps:
        if step.phase is phase:
            first = step.step if first is None else first
            last = step.step
        elif first is not None:
            yield first, last
            first = None
    if first is not None:
        yield first, last
