"""Which methods remove the same channels: a heat map of pairs of methods against layers."""

from collections.abc import Sequence
from html import escape

import plotly.graph_objects as go

from backend.domain.agreement import Agreement
from backend.figures import palette

_ROW_HEIGHT, _MARGIN = 36, 80


def draw_agreement(agreements: Sequence[Agreement]) -> go.Figure:
    """Cohen's kappa of each pair (row) in each layer (column); white is chance. Empty without pairs."""
    figure = go.Figure()
    if not agreements:
        return figure
    groups = list(agreements[0].by_group)
    names = [_name(one) for one in agreements]
    values = [[one.by_group[group] for group in groups] for one in agreements]
    figure.add_heatmap(
        x=[escape(group) for group in groups],
        y=names,
        z=values,
        zmin=-1,
        zmax=1,
        colorscale=[list(stop) for stop in palette.AGREEMENT],
        showscale=False,
        text=[["" if value is None else f"{value:.2f}" for value in row] for row in values],
        texttemplate="%{text}",
        customdata=[[name] * len(groups) for name in names],
        hovertemplate="%{customdata}<br>%{x}: %{z:.2f}<extra></extra>",
        xgap=2,
        ygap=2,
    )
    figure.update_layout(
        xaxis={"type": "category", "side": "top", "automargin": True},
        yaxis={
            "autorange": "reversed",
            "type": "category",
            "automargin": True,
            "tickvals": names,
            "ticktext": names,
        },
        height=_MARGIN + _ROW_HEIGHT * len(names),
    )
    return figure


def _name(agreement: Agreement) -> str:
    if agreement.first == agreement.second:
        return f"{escape(agreement.first)}:<br>its seeds"
    return f"{escape(agreement.first)}<br>{escape(agreement.second)}"
