"""The thick-and-thin picture: one block per layer, as tall as the layer is wide, as deep as its share of the MACs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import plotly.graph_objects as go

from backend.domain import metrics
from backend.domain.network import Layer, NetworkSummary
from backend.figures import palette

_LEAST_DEPTH = 0.012
"""Horizontal extent of a layer without noticeable MACs, as a share of the picture."""
_GAP = 0.006
_MOST_LABELS = 16


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

    Coupled layers share a color. `customdata` is the layer's name.
    """
    figure = go.Figure()
    blocks = _place(network, widths or {})
    figure.update_layout(
        barmode="overlay",
        xaxis={"title": {"text": "Layers in forward order; depth = share of the dense MACs"}, **_ticks(blocks)},
        yaxis={"title": {"text": "Width (channels)"}, "showgrid": False, "zeroline": False, **_height_ticks(blocks)},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        hovermode="closest",
    )
    if widths:
        _add_outline(figure, blocks)
    for name, color, members in _color_groups(network, blocks):
        _add_blocks(figure, name, color, members)
    return figure


def _place(network: NetworkSummary, widths: Mapping[str, int]) -> list[_Block]:
    blocks: list[_Block] = []
    left = 0.0
    macs = _macs_at(network, widths)
    for layer in network.layers:
        share = layer.macs / network.macs if network.macs else 0.0
        depth = max(share, _LEAST_DEPTH)
        blocks.append(_Block(layer, left, depth, widths.get(layer.name, layer.width), macs[layer.name], share))
        left += depth + _GAP
    return blocks


def _macs_at(network: NetworkSummary, widths: Mapping[str, int]) -> dict[str, int]:
    """MACs by layer: they shrink with the layer's own channels and with those that it reads."""
    dense = {layer.name: layer.width for layer in network.layers}
    kept = {name: metrics.density(widths.get(name, width), width) for name, width in dense.items()}
    read = {consumer: kept[group.layers[0]] for group in network.groups for consumer in group.consumers}
    return {layer.name: round(layer.macs * kept[layer.name] * read.get(layer.name, 1.0)) for layer in network.layers}


def _ticks(blocks: list[_Block]) -> dict[str, object]:
    stride = -(-len(blocks) // _MOST_LABELS) if blocks else 1
    return {
        "tickvals": [block.center for block in blocks],
        "ticktext": [block.layer.name if index % stride == 0 else "" for index, block in enumerate(blocks)],
        "showgrid": False,
        "zeroline": False,
        "automargin": True,
    }


def _height_ticks(blocks: list[_Block]) -> dict[str, object]:
    """Blocks are centered on zero, so the axis counts channels from the middle both ways: label whole widths."""
    tallest = max((block.layer.width for block in blocks), default=1)
    return {
        "range": [-0.55 * tallest, 0.55 * tallest],
        "tickvals": [-tallest / 2, 0, tallest / 2],
        "ticktext": ["", "", f"{tallest:,}"],
    }


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
        customdata=[block.layer.name for block in blocks],
        text=[_describe(block) for block in blocks],
        textposition="none",
        hovertemplate="<b>%{customdata}</b><br>%{text}<extra>" + name + "</extra>",
    )


def _describe(block: _Block) -> str:
    """Raw counts for the hover label."""
    return (
        f"{block.layer.type}, {block.width} of {block.layer.width} channels"
        f"<br>{block.macs:,} of {block.layer.macs:,} MACs<br>{block.share:.1%} of the dense network's MACs"
    )


def _color_groups(network: NetworkSummary, blocks: Iterable[_Block]) -> list[tuple[str, str, list[_Block]]]:
    """(legend entry, color, blocks): one color for each set of coupled layers, gray for layers that stay."""
    coupled = [group.name for group in network.groups if len(group.layers) > 1]
    members: dict[tuple[str, str], list[_Block]] = {}
    for block in blocks:
        group = block.layer.group
        if group is None:
            key = ("not prunable", palette.FIXED)
        elif group in coupled:
            key = (f"coupled with {group}", palette.COUPLED[coupled.index(group) % len(palette.COUPLED)])
        else:
            key = ("independent", palette.INDEPENDENT)
        members.setdefault(key, []).append(block)
    return [(name, color, blocks) for (name, color), blocks in members.items()]
