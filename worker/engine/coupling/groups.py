"""Channel groups: which positions of which tensors go together, and where a mask equals removal."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from worker.engine.coupling.gates import GateSite, find_gates
from worker.engine.coupling.identities import PINNED
from worker.engine.coupling.tracing import trace
from worker.engine.coupling.values import Slot, Trace
from worker.engine.graph import Network


@dataclass(frozen=True)
class Member:
    """Where a tensor holds a group's channels."""

    tensor: str
    axis: int
    index: Tensor
    """Positions along `axis` that belong to each channel, int64 (width, k); k > 1 after a flatten."""


@dataclass(frozen=True)
class ChannelGroup:
    """Channels of one or several layers that live and die together."""

    name: str
    """Name of the first layer that produces them."""
    width: int
    layers: tuple[str, ...]
    """Layers whose output channels these are, in forward order."""
    consumers: tuple[str, ...]
    """Layers that read them."""
    members: tuple[Member, ...]
    gates: tuple[GateSite, ...]
    """Masking a channel at all of these sites equals removing it."""


@dataclass(frozen=True)
class Lock:
    """A layer whose output channels stay, and why."""

    layer: str
    reason: str


def find_groups(network: Network) -> tuple[ChannelGroup, ...]:
    """The prunable groups of a network, in forward order; every channel is in at most one.

    A group is prunable when a layer makes its channels, only layers read them, and a mask can stand for its removal.
    """
    return groups_of(network, trace(network))


def groups_of(network: Network, found: Trace) -> tuple[ChannelGroup, ...]:
    """The groups of a traced network."""
    roots = found.ledger.roots()
    layout = {slot: roots[ids] for slot, ids in found.slots.items()}
    groups = [_group(network, found, roots, layout, channels) for channels in _families(layout)]
    order = {layer_name(slot.tensor): position for position, slot in enumerate(found.producers)}
    return _named_apart(sorted((group for group in groups if group), key=lambda group: order[group.layers[0]]))


def find_locks(network: Network) -> tuple[Lock, ...]:
    """Layers of whose output channels nothing can be removed, each with the reason, in forward order."""
    found = trace(network)
    prunable = {layer for group in groups_of(network, found) for layer in group.layers}
    roots = found.ledger.free_roots()
    locks = []
    for slot in found.producers:
        name = layer_name(slot.tensor)
        if name not in prunable:
            own = roots[found.slots[slot]]
            reasons = [why for ids, why in found.ledger.pins if bool(torch.isin(roots[ids], own).any())]
            locks.append(Lock(name, reasons[0] if reasons else "no mask on an activation equals their removal"))
    return tuple(locks)


def layer_name(weight: str) -> str:
    """Name of the layer that holds a weight: `fc1` for `fc1.weight`."""
    return weight.rpartition(".")[0] or weight


def _families(layout: Mapping[Slot, Tensor]) -> list[Tensor]:
    """Channels (their root ids) that occur in the same slots equally often belong together; in order of position."""
    signatures: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for number, roots in enumerate(layout.values()):
        channels, counts = torch.unique(roots, return_counts=True)
        for channel, count in zip(channels.tolist(), counts.tolist(), strict=True):
            if channel > PINNED:
                signatures[channel].append((number, count))
    families: dict[tuple[tuple[int, int], ...], list[int]] = defaultdict(list)
    for channel, signature in signatures.items():
        families[tuple(signature)].append(channel)
    slots = list(layout.values())
    return [_sorted_by_place(torch.tensor(channels), slots[key[0][0]]) for key, channels in families.items()]


def _sorted_by_place(channels: Tensor, roots: Tensor) -> Tensor:
    """Channels in the order of their first position in a slot."""
    first = (roots[None, :] == channels[:, None]).int().argmax(1)
    return channels[torch.argsort(first)]


def _group(
    network: Network, found: Trace, roots: Tensor, layout: Mapping[Slot, Tensor], channels: Tensor
) -> ChannelGroup | None:
    """The group of some channels, or None when no layer makes them or no mask can stand for their removal."""
    position_of_root = torch.full((len(roots),), -1)
    position_of_root[channels] = torch.arange(len(channels))
    slots = {slot: _index(position_of_root[ids], len(channels)) for slot, ids in layout.items()}
    held = {slot: index for slot, index in slots.items() if index is not None}
    layers = tuple(dict.fromkeys(layer_name(slot.tensor) for slot in found.producers if slot in held))
    gates = find_gates(network.graph, found, position_of_root[roots])
    if not layers or not gates:
        return None
    readers = [read.weight for read in found.reads if Slot(read.weight, 1) in held]
    return ChannelGroup(
        name=layers[0],
        width=len(channels),
        layers=layers,
        consumers=tuple(dict.fromkeys(layer_name(weight) for weight in readers)),
        members=tuple(Member(slot.tensor, slot.axis, index) for slot, index in held.items()),
        gates=gates,
    )


def _index(positions: Tensor, width: int) -> Tensor | None:
    """Positions along a slot's axis by channel (width, k); None when the slot holds none of the channels."""
    places = torch.nonzero(positions >= 0).flatten()
    if not len(places):
        return None
    return places[torch.argsort(positions[places], stable=True)].reshape(width, -1)


def _named_apart(groups: Sequence[ChannelGroup]) -> tuple[ChannelGroup, ...]:
    """Number the groups after the first that begin with the same layer."""
    seen: dict[str, int] = defaultdict(int)
    named = []
    for group in groups:
        seen[group.name] += 1
        name = group.name if seen[group.name] == 1 else f"{group.name}#{seen[group.name]}"
        named.append(replace(group, name=name))
    return tuple(named)
