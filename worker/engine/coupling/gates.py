"""Gate sites: where multiplying channels by a mask is exactly their removal."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from worker.engine.coupling.identities import varying_axes
from worker.engine.coupling.movement import MOVES
from worker.engine.coupling.values import Read, Trace
from worker.engine.graph.schema import Graph, Node, decode, references


@dataclass(frozen=True)
class GateSite:
    """A node whose output holds channels of a group just before a layer reads them, so after norm and activation.

    Masking there is removal, also in front of a batch norm in training mode. The Fisher sum is the same before and
    after ReLU and pooling, and this is the smallest tensor.
    """

    node: str
    axis: int
    """Channel axis of the node's output (N, ...)."""
    index: Tensor
    """Position along `axis` of each of the group's channels, int64 (width,)."""


def find_gates(graph: Graph, found: Trace, reads: Sequence[Read], position_of: Tensor) -> tuple[GateSite, ...]:
    """The sites of the `reads` of a group's channels; none when one of them cannot be gated.

    `position_of` (ids,) gives the position in the group of every id, -1 for other ids.
    """
    nodes = {node.name: node for node in graph.nodes}
    sites: dict[str, GateSite] = {}
    for read in reads:
        site = _site(read.source, nodes, found, position_of)
        if site is None:
            return ()
        sites[site.node] = site
    order = {name: position for position, name in enumerate([*(info.name for info in graph.inputs), *nodes])}
    return tuple(sites[name] for name in sorted(sites, key=order.__getitem__))


def _site(name: str, nodes: dict[str, Node], found: Trace, position_of: Tensor) -> GateSite | None:
    """The last node up to `name` whose output holds each channel of the group at exactly one position."""
    while True:
        ids = found.ids[name]
        axis = _channel_axis(ids)
        if axis is not None:
            index = _positions(ids, axis, position_of)
            if index is not None:
                return GateSite(name, axis, index)
        node = nodes.get(name)
        if node is None or node.target.split(".")[1] not in MOVES:
            return None
        sources = [source for value in node.args for source in references(decode(value))]
        if len(sources) != 1 or not isinstance(found.ids[sources[0]], Tensor):
            return None
        name = sources[0]


def _channel_axis(ids: Tensor) -> int | None:
    axes = varying_axes(ids)
    if not axes:
        return 1 if ids.dim() > 1 and ids.size(1) == 1 else None
    return axes[0] if len(axes) == 1 else None


def _positions(ids: Tensor, axis: int, position_of: Tensor) -> Tensor | None:
    """Position along the axis of every channel; None unless each occurs exactly once."""
    held = position_of[ids[tuple(slice(None) if other == axis else 0 for other in range(ids.dim()))]]
    places = torch.nonzero(held >= 0).flatten()
    width = int(position_of.max()) + 1
    if len(places) != width or len(torch.unique(held[places])) != width:
        return None
    return places[torch.argsort(held[places])]
