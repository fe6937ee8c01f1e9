"""Instability: how much accuracy removals take away, by operating point and one by one (Bartoldson et al. 2020)."""

from collections.abc import Mapping, Sequence
from textwrap import wrap

import plotly.graph_objects as go

from backend.domain.instability import MeasuredRemoval, RemovalSummary, in_points, summaries_by_point
from backend.domain.reports import OperatingPoint, RunReport
from backend.figures import palette
from backend.figures.steps import step_axis

_PERCENT = 100
"""Differences of accuracies are drawn in percentage points."""
_LEAST = 1
"""The axes reach so far at least, in points: of runs that lose nothing too."""
_MOST_REMOVALS = 600
"""More cannot be told apart, and take long to draw."""
_HOVER_WIDTH = 60
"""Characters in a line of a hover label."""
_LOWER, _UPPER = [0.0, 0.40], [0.60, 1.0]
"""Parts of the height, where there are two rows."""


def draw_instability(report: RunReport, removals: Sequence[MeasuredRemoval] = ()) -> go.Figure:
    """Validation accuracy straight before minus straight after, in points: of an operating point, of each measured.

    Bars stand for operating points, with the training between their removals; above them, over the run's steps, stand
    single removals, where there are any. Empty without either.
    """
    figure = go.Figure()
    is_single = not removals
    figure.update_layout(
        xaxis={"title": {"text": "Operating point"}, "tickformat": "d", "dtick": 1},
        yaxis=_axis("Accuracy lost by removal (points)" if is_single else "Lost in all (points)"),
    )
    points = [point for point in report.points if point.instability is not None]
    if points:
        _add_bars(figure, points, summaries_by_point(report.points, removals))
    if not is_single:
        figure.update_layout(
            yaxis={"domain": _LOWER},
            xaxis2=step_axis([removal.step for removal in removals]) | {"anchor": "y2"},
            yaxis2=_axis("Lost per removal (points)") | {"anchor": "x2", "domain": _UPPER},
            legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        )
        _add_removals(figure, removals)
    return figure


def _axis(title: str) -> dict[str, object]:
    return {"title": {"text": title}, "tickformat": ".1f", "autorangeoptions": {"include": [0, _LEAST]}}


def _add_bars(figure: go.Figure, points: Sequence[OperatingPoint], summaries: Mapping[int, RemovalSummary]) -> None:
    figure.add_bar(
        name="operating point",
        showlegend=False,
        x=[point.index for point in points],
        y=[_PERCENT * (point.instability or 0.0) for point in points],
        customdata=[point.index for point in points],
        text=[_describe(point, summaries.get(point.index)) for point in points],
        textposition="none",
        marker={"color": palette.PRUNED},
        hovertemplate="<b>%{y:.2f} points</b> lost at operating point %{x}<br>%{text}<extra></extra>",
    )


def _describe(point: OperatingPoint, summary: RemovalSummary | None) -> str:
    """Raw numbers for the hover label."""
    share = point.relative_instability
    lines = [f"{point.before_accuracy:.2%} before, {point.pruned_accuracy:.2%} after"]
    if share is not None:
        lines.append(f"{share:.1%} of the accuracy before")
    notice = None if summary is None else summary.notice(point)
    if notice is not None:
        lines += wrap(notice, _HOVER_WIDTH)
    return "<br>".join(lines)


def _add_removals(figure: go.Figure, removals: Sequence[MeasuredRemoval]) -> None:
    """One mark for each removal and a line at their mean; of many, the one that took most of every few."""
    summary = RemovalSummary.of(removals)
    if summary is None:
        return
    stride = -(-len(removals) // _MOST_REMOVALS)
    shown = [
        max(removals[start : start + stride], key=lambda removal: removal.instability)
        for start in range(0, len(removals), stride)
    ]
    figure.add_scatter(
        name="each removal" if stride == 1 else f"the largest of every {stride} removals",
        x=[removal.step for removal in shown],
        y=[_PERCENT * removal.instability for removal in shown],
        text=[f"{removal.before_accuracy:.2%} before, {removal.pruned_accuracy:.2%} after" for removal in shown],
        xaxis="x2",
        yaxis="y2",
        mode="markers",
        marker={"color": palette.PRUNED, "size": 5},
        hovertemplate="<b>%{y:.2f} points</b> lost by the removal of step %{x}<br>%{text}<extra></extra>",
    )
    figure.add_scatter(
        name=f"mean of {summary.count:,}: {in_points(summary.mean_instability)}, "
        f"at most {in_points(summary.largest_instability)} (step {summary.largest_step:,})",
        x=[removals[0].step, removals[-1].step],
        y=[_PERCENT * summary.mean_instability] * 2,
        xaxis="x2",
        yaxis="y2",
        mode="lines",
        line={"color": palette.DENSE, "width": 1.5, "dash": "dash"},
        hoverinfo="skip",
    )
