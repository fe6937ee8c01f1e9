"""What the layers that read a network's input look for: filters in a grid, inputs as a map or a strip."""

from html import escape

import plotly.graph_objects as go

from backend.domain.first_layers import MOST_FILTERS, FilterGrid, FirstLayer, InputMap
from backend.figures import palette
from backend.figures.filters import draw_filters, lay_out
from backend.figures.png import to_data_url

_TILE, _WIDEST = 44, 640
_MAP, _SCALE = 320, 100
_STRIP_HEIGHT = 220
"""Pixels on the page, where there is room: width and height of a layout keep their ratio where there is not."""
_NO_MARGIN = {"l": 0, "r": 0, "t": 0, "b": 0}
_BARE = {"visible": False, "showgrid": False, "zeroline": False, "fixedrange": True}


def draw_first_layer(picture: FirstLayer) -> go.Figure:
    """Filters at their places in the dense network, removed ones crossed out; or how the inputs are read."""
    if isinstance(picture, FilterGrid):
        return _draw_filters(picture)
    return _draw_map(picture) if len(picture.shape) > 1 else _draw_strip(picture)


def _draw_filters(grid: FilterGrid) -> go.Figure:
    columns, rows = lay_out(grid)
    figure = go.Figure()
    if grid.places:
        image = draw_filters(grid)
        figure.add_image(source=to_data_url(image.rows), **_span(image.pitch), hoverinfo="skip")
    norms = dict(zip(grid.places, grid.norms, strict=True))
    slots = range(min(grid.dense, MOST_FILTERS))
    for is_left in (True, False):
        shown = [slot for slot in slots if bool(norms.get(slot)) is is_left]
        figure.add_scatter(
            x=[slot % columns + 0.5 for slot in shown],
            y=[slot // columns + 0.5 for slot in shown],
            mode="markers",
            marker=_HIDDEN if is_left else _CROSS,
            customdata=[[slot, norms.get(slot, 0.0)] for slot in shown],
            hovertemplate=f"filter %{{customdata[0]}}<br>{_LEFT if is_left else _GONE}<extra></extra>",
            showlegend=False,
        )
    tile = min(_TILE, _WIDEST // columns)
    figure.update_layout(
        xaxis=_BARE | {"range": [0, columns], "constrain": "domain", "constraintoward": "left"},
        yaxis=_BARE | {"range": [rows, 0], "scaleanchor": "x", "constrain": "domain", "constraintoward": "top"},
        hovermode="closest",
        hoverdistance=-1,
        width=columns * tile,
        height=rows * tile,
        margin=_NO_MARGIN,
    )
    return figure


_LEFT, _GONE = "L2 norm %{customdata[1]:.3g}", "removed, or all zero"
_HIDDEN = {"opacity": 0, "size": 12}
_CROSS = {"symbol": "x-thin", "size": 8, "line": {"color": palette.FIXED, "width": 1.5}}


def _span(pixels: int) -> dict[str, float]:
    """Where an image of `pixels` to a unit lies, so that its corner is at zero."""
    step = 1 / pixels
    return {"x0": step / 2, "y0": step / 2, "dx": step, "dy": step}


def _draw_map(picture: InputMap) -> go.Figure:
    height, width = picture.shape
    values = [value or None for value in picture.shown]
    rows = [slice(start, start + width) for start in range(0, height * width, width)]
    figure = go.Figure()
    figure.add_heatmap(
        z=[values[row] for row in rows],
        customdata=[list(zip(picture.counts[row], picture.norms[row], strict=True)) for row in rows],
        zmin=0,
        zmax=max(picture.shown) or 1,
        colorscale=[list(stop) for stop in palette.WIDTHS],
        colorbar={"title": {"text": _measure(picture), "side": "right"}, "thickness": 12, "outlinewidth": 0},
        hovertemplate=f"{_from(picture)}row %{{y}}, column %{{x}}<br>{_reads(picture)}<extra></extra>",
        hoverongaps=False,
        x0=0,
        y0=0,
        dx=picture.fold,
        dy=picture.fold,
    )
    figure.update_layout(
        xaxis=_BARE | {"constrain": "domain", "constraintoward": "left"},
        yaxis=_BARE | {"autorange": "reversed", "scaleanchor": "x", "constrain": "domain"},
        width=round(_MAP * min(1, width / height)) + _SCALE,
        height=round(_MAP * min(1, height / width)),
        margin=_NO_MARGIN,
    )
    return figure


def _draw_strip(picture: InputMap) -> go.Figure:
    figure = go.Figure()
    figure.add_bar(
        x=[place * picture.fold for place in range(len(picture.counts))],
        y=list(picture.shown),
        width=picture.fold,
        offset=0,
        customdata=list(zip(picture.counts, picture.norms, strict=True)),
        marker={"color": palette.INDEPENDENT, "line": {"width": 0}},
        hovertemplate=f"{_from(picture)}input %{{x}}<br>{_reads(picture)}<extra></extra>",
        showlegend=False,
    )
    figure.update_layout(
        xaxis={"title": {"text": "Input, by index"}, "showgrid": False},
        yaxis={"title": {"text": escape(_measure(picture))}, "rangemode": "tozero"},
        bargap=0,
        height=_STRIP_HEIGHT,
    )
    return figure


def _from(picture: InputMap) -> str:
    """Cells that stand for several inputs are named by the first of them."""
    return "from " if picture.fold > 1 else ""


def _measure(picture: InputMap) -> str:
    return "Weights left" if picture.has_zeros else "L2 norm of the weights"


def _reads(picture: InputMap) -> str:
    return f"%{{customdata[0]:,}} of {picture.dense:,} weights left<br>L2 norm %{{customdata[1]:.3g}}"
