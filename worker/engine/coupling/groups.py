"""Channel groups: which positions of which tensors go together, and where a mask equals removal."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Self, TypeAlias, TypeVar, get_args

import torch
from torch import Tensor

from worker.engine.coupling.gates import GateSite, find_gates
from worker.engine.coupling.identities import PINNED, compact
from worker.engine.coupling.tracing import trace
from worker.engine.coupling.values import Note, Read, Slot, Trace, layer_name
from worker.engine.graph import Network

Unit: TypeAlias = Literal["channel", "head", "head_dim", "group", "hidden"]
"""What goes as one: a channel, an attention head, the same place in all heads, a group of a grouped convolution, or
a unit of a recurrent layer."""
_UNITS: tuple[Unit, ...] = tuple(reversed(get_args(Unit)))
_Item = TypeVar("_Item")


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
    """Masking a channel at all of these sites equals removing it; none: it can only be removed at once."""
    unit: Unit = "channel"
    inexact: tuple[str, ...] = ()
    """Nodes where masking is not removal, such as layer norms over these channels; empty: equality is claimed."""
    multiple: int = 1
    """Widths must stay a multiple of this; 1 = free."""


@dataclass(frozen=True)
class Lock:
    """A layer whose output channels stay, and why."""

    layer: str
    reason: str
    """A sentence that names operation and node."""
    node: str = ""
    """The node of the graph that holds the channels back."""


def find_groups(network: Network) -> tuple[ChannelGroup, ...]:
    """The prunable groups of a network, in forward order; every channel is in at most one.

    A group is prunable when a layer makes its channels, only layers read them, and a mask can stand for its removal.
    """
    return groups_of(network, trace(network))


def groups_of(network: Network, found: Trace) -> tuple[ChannelGroup, ...]:
    """The groups of a traced network."""
    roots = found.ledger.roots()
    layout = {slot: roots[ids] for slot, ids in found.slots.items()}
    lore = _Lore.of(found, roots)
    groups = [_group(network, found, lore, family) for family in _families(layout)]
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


@dataclass(frozen=True)
class _Family:
    """Channels that occur in the same slots, equally often."""

    channels: Tensor
    """Root ids in the order of their places in the first slot."""
    slots: Mapping[Slot, Tensor]
    """Root id of every position, by slot."""


def _families(layout: Mapping[Slot, Tensor]) -> list[_Family]:
    """The channels that are not locked, by where they occur."""
    signatures: dict[int, list[tuple[Slot, int]]] = defaultdict(list)
    for slot, roots in layout.items():
        channels, counts = torch.unique(roots, return_counts=True)
        for channel, count in zip(channels.tolist(), counts.tolist(), strict=True):
            if channel > PINNED:
                signatures[channel].append((slot, count))
    families: dict[tuple[tuple[Slot, int], ...], list[int]] = defaultdict(list)
    for channel, signature in signatures.items():
        families[tuple(signature)].append(channel)
    return [
        _Family(
            _by_place(torch.tensor(channels), layout[signature[0][0]]), {slot: layout[slot] for slot, _ in signature}
        )
        for signature, channels in families.items()
    ]


def _by_place(channels: Tensor, roots: Tensor) -> Tensor:
    """Channels in the order of their first position in a slot."""
    size = int(torch.maximum(channels.max(), roots.max())) + 1
    first = torch.full((size,), len(roots)).scatter_reduce(0, roots, torch.arange(len(roots)), "amin")
    return channels[torch.argsort(first[channels])]


@dataclass(frozen=True)
class _Lore:
    """What is known of every channel, by its root id."""

    roots: Tensor
    reads: Mapping[int, list[Read]]
    units: Mapping[int, list[str]]
    inexact: Mapping[int, list[str]]

    @classmethod
    def of(cls, found: Trace, roots: Tensor) -> Self:
        """Sort what a trace noted."""
        reads: dict[int, list[Read]] = defaultdict(list)
        for read in found.reads:
            for root in torch.unique(roots[compact(read.ids)]).tolist():
                reads[root].append(read)
        return cls(roots, reads, _by_root(found.units, roots), _by_root(found.inexact, roots))

    def reads_of(self, family: _Family) -> list[Read]:
        """All reads of a family's channels, once each, in forward order."""
        return list(dict.fromkeys(_gather(self.reads, family)))

    def unit_of(self, family: _Family) -> Unit:
        """What goes as one: the last of the units in their order that was noted."""
        noted = set(_gather(self.units, family))
        return next((unit for unit in _UNITS if unit in noted), "channel")


def _by_root(notes: Sequence[Note], roots: Tensor) -> Mapping[int, list[str]]:
    texts: dict[int, list[str]] = defaultdict(list)
    for note in notes:
        for root in torch.unique(roots[compact(note.ids)]).tolist():
            texts[root].append(note.text)
    return texts


def _gather(lore: Mapping[int, list[_Item]], family: _Family) -> list[_Item]:
    return [item for channel in family.channels.tolist() for item in lore.get(channel, ())]


def _group(network: Network, found: Trace, lore: _Lore, family: _Family) -> ChannelGroup | None:
    """The group of a family, or None when no layer makes it or no mask can stand for its removal."""
    width = len(family.channels)
    position_of_root = torch.full((len(lore.roots),), -1)
    position_of_root[family.channels] = torch.arange(width)
    layers = tuple(dict.fromkeys(layer_name(slot.tensor) for slot in found.producers if slot in family.slots))
    reads, unit = lore.reads_of(family), lore.unit_of(family)
    gates = () if unit == "hidden" else find_gates(network.graph, found, reads, position_of_root[lore.roots])
    if not layers or not (gates or unit == "hidden"):
        return None
    return ChannelGroup(
        name=layers[0],
        width=width,
        layers=layers,
        consumers=tuple(dict.fromkeys(read.layer for read in reads if read.layer is not None)),
        members=tuple(
            Member(slot.tensor, slot.axis, _index(position_of_root[ids], width)) for slot, ids in family.slots.items()
        ),
        gates=gates,
        unit=unit,
        inexact=tuple(dict.fromkeys(_gather(lore.inexact, family))),
    )


def _index(positions: Tensor, width: int) -> Tensor:
    """Positions along a slot's axis by channel (width, k)."""
    places = torch.nonzero(positions >= 0).flatten()
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
