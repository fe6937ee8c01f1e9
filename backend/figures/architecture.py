"""The thick-and-thin picture: one block per layer, as tall as the layer is wide, as deep as its share of the MACs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from math import ceil

import plotly.graph_objects as go

from backend.domain.network import ChannelGroupInfo, Layer, NetworkSummary
from backend.domain.thinning import SizeModel
from backend.figures import palette

_LEAST_DEPTH = 0.012
"""Horizontal extent of a layer without noticeable MACs, as a share of the picture."""
_GAP = 0.006
_HEADROOM = 0.6
"""Half the picture's height over the widest layer: the block and the number above it."""
_MOST_NAMES = 16
_MOST_LEVEL_NAMES = 8
_MOST_WIDTHS = 24


@dataclass(frozen=True)
class _Block:
    """A layer in its place: `left` and `depth` are shares of the MACs, `height` is a channel count."""

    layer: Layer
    left: float
    depth: float
    width: int
    macs: int
    share: float

    @property
    def center(self) -> float:
        return self.left + self.depth / 2


def draw_architecture(network: NetworkSummary, widths: Mapping[str, int] | None = None) -> go.Figure:
    """The dense network, or the one with `widths` (channels by layer name) in front of the dense outline.

    Layers of width 0 are gone. Coupled layers share a color. `customdata` is the layer's name.
    """
    figure = go.Figure()
    blocks = _place(network, widths or {})
    figure.update_layout(
        barmode="overlay",
        xaxis={"title": {"text": "Depth: share of the dense MACs"}, **_place_axis(blocks)},
        yaxis={"title": {"text": "Width (channels)"}, **_width_axis(blocks)},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        hovermode="closest",
    )
    if widths:
        _add_outline(figure, blocks)
    for name, color, members in _color_groups(network, blocks):
        _add_blocks(figure, name, color, members)
    if len(blocks) <= _MOST_WIDTHS:
        _add_widths(figure, blocks)
    return figure


def _place(network: NetworkSummary, widths: Mapping[str, int]) -> list[_Block]:
    model = SizeModel.of(network)
    lost = model.lost_macs({group.name: _held(model, group, widths) for group in network.groups})
    blocks: list[_Block] = []
    left = 0.0
    for layer, share in zip(network.layers, network.shares(), strict=True):
        depth = max(share.macs, _LEAST_DEPTH)
        width = widths.get(layer.name, layer.width)
        blocks.append(
            _Block(layer, left, depth, width, layer.macs - lost.get(layer.name, 0) if width else 0, share.macs)
        )
        left += depth + _GAP
    return blocks


def _held(model: SizeModel, group: ChannelGroupInfo, widths: Mapping[str, int]) -> int:
    """How many of a group's units there are, by the widths of layers that it holds alone; some may be gone."""
    found = [
        (widths[size.name] - axis.fixed) // axis.parts[0][1]
        for size in model.layers
        if size.name in widths and len(size.outputs) == 1
        for axis in size.outputs
        if [name for name, _ in axis.parts] == [group.name]
    ]
    return max([units for units in found if units > 0], default=group.width)


def _place_axis(blocks: list[_Block]) -> dict[str, object]:
    """Layer names under their blocks, no more of them than can be read."""
    stride = ceil(len(blocks) / _MOST_NAMES)
    names = [escape(block.layer.name) if index % stride == 0 else "" for index, block in enumerate(blocks)]
    return {
        "tickvals": [block.center for block in blocks],
        "ticktext": names,
        "tickangle": 0 if len(blocks) <= _MOST_LEVEL_NAMES else -35,
        "range": [-_GAP, blocks[-1].left + blocks[-1].depth + _GAP] if blocks else None,
        "showgrid": False,
        "zeroline": False,
    }


def _width_axis(blocks: list[_Block]) -> dict[str, object]:
    """Blocks are centered on zero, so that the axis itself has nothing to count."""
    tallest = max((block.layer.width for block in blocks), default=1)
    return {
        "range": [-_HEADROOM * tallest, _HEADROOM * tallest],
        "showticklabels": False,
        "showgrid": False,
        "zeroline": False,
    }


def _add_widths(figure: go.Figure, blocks: list[_Block]) -> None:
    """The width of every layer, written over its block."""
    figure.add_scatter(
        x=[block.center for block in blocks],
        y=[block.layer.width / 2 for block in blocks],
        text=[_count(block) for block in blocks],
        mode="text",
        textposition="top center",
        showlegend=False,
        hoverinfo="skip",
        cliponaxis=False,
    )


def _count(block: _Block) -> str:
    dense = block.layer.width
    return f"{dense}" if block.width == dense else f"{block.width} / {dense}"


def _add_outline(figure: go.Figure, blocks: list[_Block]) -> None:
    figure.add_bar(
        name="dense",
        x=[block.center for block in blocks],
        y=[block.layer.width for block in blocks],
        base=[-block.layer.width / 2 for block in blocks],
        width=[block.depth for block in blocks],
        marker={"color": "rgba(134, 142, 150, 0.10)", "line": {"color": palette.DENSE, "width": 1}},
        hoverinfo="skip",
    )


def _add_blocks(figure: go.Figure, name: str, color: str, blocks: list[_Block]) -> None:
    figure.add_bar(
        name=name,
        x=[block.center for block in blocks],
        y=[block.width for block in blocks],
        base=[-block.width / 2 for block in blocks],
        width=[block.depth for block in blocks],
        marker={"color": color, "line": {"width": 0}},
        customdata=[escape(block.layer.name) for block in blocks],
        text=[_describe(block) for block in blocks],
        textposition="none",
        hovertemplate="<b>%{customdata}</b><br>%{text}<extra>" + name + "</extra>",
    )


def _describe(block: _Block) -> str:
    """Raw counts for the hover label."""
    return (
        f"{block.layer.type}, {'' if block.width else 'removed, '}{block.width} of {block.layer.width} channels"
        f"<br>{block.macs:,} of {block.layer.macs:,} MACs<br>{block.share:.1%} of the dense network's MACs"
    )


def _color_groups(network: NetworkSummary, blocks: Iterable[_Block]) -> list[tuple[str, str, list[_Block]]]:
    """(legend entry, color, blocks): one color for each set of coupled layers, gray for layers that stay."""
    coupled = [group.name for group in network.groups if len(group.layers) > 1]
    locked = {lock.layer for lock in network.locks}
    members: dict[tuple[str, str], list[_Block]] = {}
    for block in blocks:
        group = block.layer.group
        if group is None or block.layer.name in locked:
            key = ("not prunable", palette.FIXED)
        elif group in coupled:
            key = (f"coupled with {escape(group)}", palette.COUPLED[coupled.index(group) % len(palette.COUPLED)])
        else:
            key = ("independent", palette.INDEPENDENT)
        members.setdefault(key, []).append(block)
    return [(name, color, blocks) for (name, color), blocks in members.items()]
