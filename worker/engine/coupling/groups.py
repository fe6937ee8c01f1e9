"""Channel groups: which positions of which tensors go together, and where a mask equals removal."""

import weakref
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, TypeAlias

import numpy as np
import torch
from torch import Tensor

from worker.engine.coupling.branches import leading_nodes
from worker.engine.coupling.cells import CellSite, cells_of, recurrent_steps
from worker.engine.coupling.example_axes import ExampleAxes
from worker.engine.coupling.families import Family, find_families
from worker.engine.coupling.gates import GateSite, SiteFinder, joined
from worker.engine.coupling.identities import PINNED, Ids, Solution
from worker.engine.coupling.settling import settle
from worker.engine.coupling.tracing import trace
from worker.engine.coupling.values import Note, Read, Slot, Trace, layer_name
from worker.engine.graph import Network

Unit: TypeAlias = Literal["channel", "head", "head_dim", "group", "hidden"]
"""What goes as one: a channel, an attention head, the same place in all heads, a group of a grouped convolution, or
a unit of a recurrent layer."""
_UNITS: tuple[Unit, ...] = ("hidden", "head", "head_dim", "group")
"""Of several units noted for the same channels the first one here names them."""


@dataclass(frozen=True)
class Member:
    """Where a tensor holds a group's channels."""

    tensor: str
    axis: int
    index: Tensor
    """Positions along `axis` that belong to each channel, int64 (width, k); k > 1 after a flatten."""
    makes: bool = False
    """Whether this axis of a layer's weight makes the channels; otherwise it reads them or goes along with them."""


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
    """Masking a channel at all of these sites equals removing it; of units of recurrent layers, if `cells` mask too."""
    unit: Unit = "channel"
    cells: tuple[CellSite, ...] = ()
    """Recurrent operations that make the channels and read them inside; empty also where their examples lie apart."""
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
    return coupling_of(network).groups


def find_locks(network: Network) -> tuple[Lock, ...]:
    """Layers of whose output channels nothing can be removed, each with the reason, in forward order."""
    return coupling_of(network).locks


def coupling_of(network: Network) -> "Coupling":
    """Everything known of a network's channels; worked out once for each network value."""
    known = _KNOWN.get(id(network))
    if known is None:
        known = _KNOWN[id(network)] = Coupling(network)
        weakref.finalize(network, _KNOWN.pop, id(network), None).atexit = False
    return known


class Coupling:
    """The channels of one network: ids, groups and locks."""

    def __init__(self, network: Network) -> None:
        self.trace: Trace = trace(network)
        self.solution: Solution = settle(self.trace)
        self._leading = leading_nodes(network)
        self.groups: tuple[ChannelGroup, ...] = _Grouping(network, self.trace, self.solution.roots).groups()

    @cached_property
    def locks(self) -> tuple[Lock, ...]:
        """Layers that no group has among its producers, or one only whose channels are all tied to one another."""
        widths: dict[str, int] = defaultdict(int)
        for group in self.groups:
            for layer in group.layers:
                widths[layer] += group.width
        locks: dict[str, Lock] = {}
        for slot in self.trace.producers:
            name, ids = layer_name(slot.tensor), self.trace.slots[slot]
            if name not in widths:
                locks.setdefault(name, self._lock(name, ids))
            elif widths[name] == 1 < len(ids):
                locks.setdefault(name, self._tied(name, ids))
        return tuple(locks.values())

    def reads_of(self, group: ChannelGroup) -> list[Read]:
        """Every read of a group's channels, by layers and others."""
        member = group.members[0]
        roots = self.solution.roots
        is_own = np.zeros(len(roots), dtype=bool)
        is_own[roots[self.trace.slots[Slot(member.tensor, member.axis)]][member.index[:, 0].numpy()]] = True
        return [read for read in self.trace.reads if bool(is_own[roots[read.ids]].any())]

    def ids_at(self, site: GateSite) -> Ids:
        """Root id of every position along the axis of a gate site (size,)."""
        value = self.trace.values[site.node]
        layer = self.trace.layer_at(value, site.axis)
        if layer is None:
            raise ValueError(f"`{site.node}` holds no channels")
        line = self.solution.roots[layer].swapaxes(0, site.axis).reshape(layer.shape[site.axis], -1)[:, 0]
        return np.broadcast_to(line, (value.shape[site.axis],))

    def _tied(self, layer: str, ids: Ids) -> Lock:
        """The lock on channels that go together or not at all."""
        free = ids[self.solution.roots[ids] != PINNED]
        node = self.trace.ledger.tying_node(free)
        place = f"`{node}`" if node else "what is done with them"
        reason = f"{place} ties the last of its {len(free)} channels to the others: they could only go all together"
        return Lock(layer, reason, node)

    def _lock(self, layer: str, ids: Ids) -> Lock:
        causes = self.solution.causes[self.solution.free_roots[ids]]
        numbers = causes[causes >= 0]
        if len(numbers):
            pin = self.solution.pins[int(numbers.min())]
            return Lock(layer, pin.reason, pin.node)
        free = self.solution.roots[ids]
        readers = [read for read in self.trace.reads if bool(np.isin(self.solution.roots[read.ids], free).any())]
        if readers and not any(read.node in self._leading for read in readers):
            return Lock(layer, "they lead to a further output only, which no run trains or measures", readers[0].node)
        return Lock(layer, "no mask on an activation equals their removal")


_KNOWN: dict[int, Coupling] = {}
"""By identity of the network, for as long as it lives."""


class _Grouping:
    """Turns families into groups."""

    def __init__(self, network: Network, found: Trace, roots: Ids) -> None:
        self._found = found
        self._roots = roots
        self._slots = list(found.slots)
        self._network = network
        self._examples = ExampleAxes(network)
        self._sites = SiteFinder(network, found, roots, self._examples)
        self._producers = {slot: position for position, slot in enumerate(found.producers)}
        self._makers = [layer_name(slot.tensor) for slot in found.producers]
        self._order = {name: position for position, name in enumerate(found.values)}
        self._units = _by_root(found.units, roots)
        self._inexact = _by_root(found.inexact, roots)
        self._leading = leading_nodes(network)

    def groups(self) -> tuple[ChannelGroup, ...]:
        """All groups in forward order of their first layers."""
        owners = [self._found.slots[slot] for slot in self._slots] + [read.ids for read in self._found.reads]
        families = find_families([self._roots[ids] for ids in owners])
        found = [item for family in families if (item := self._group(family)) is not None]
        return _named_apart([group for _, group in sorted(found, key=lambda item: item[0])])

    def _group(self, family: Family) -> tuple[int, ChannelGroup] | None:
        """The group of a family with its place, or None when no layer makes it or no mask can stand for its removal."""
        slots = {self._slots[owner]: places for owner, places in family.places.items() if owner < len(self._slots)}
        made = sorted(self._producers[slot] for slot in slots if slot in self._producers)
        unit: Unit = next((unit for unit in _UNITS if unit in _noted(self._units, family)), "channel")
        reads = [
            (self._found.reads[owner - len(self._slots)], places)
            for owner, places in family.places.items()
            if owner >= len(self._slots)
        ]
        if not made or not (reads or unit == "hidden"):
            return None
        masks = [self._sites.site(read, places, family.roots) for read, places in reads]
        sites = joined(site for site in masks if site is not None)
        makers = {slot.tensor for slot in slots if slot in self._producers}
        inside = recurrent_steps(self._network, makers) if unit == "hidden" else []
        if self._leading.isdisjoint([*(read.node for read, _ in reads), *(step.node.name for step in inside)]):
            return None
        cells = cells_of(inside, self._examples)
        if unit != "hidden" and None in masks:
            return None
        if unit == "hidden" and (None in masks or not cells):
            sites, cells = {}, ()
        layers = tuple(dict.fromkeys(self._makers[position] for position in made))
        return made[0], ChannelGroup(
            name=layers[0],
            width=family.width,
            layers=layers,
            consumers=tuple(dict.fromkeys(read.layer for read, _ in reads if read.layer is not None)),
            members=tuple(
                Member(slot.tensor, slot.axis, torch.from_numpy(np.ascontiguousarray(places)), slot in self._producers)
                for slot, places in slots.items()
            ),
            gates=tuple(sites[name] for name in sorted(sites, key=self._order.__getitem__)),
            unit=unit,
            cells=cells,
            inexact=tuple(_noted(self._inexact, family)),
        )


def _by_root(notes: Iterable[Note], roots: Ids) -> Mapping[int, dict[str, None]]:
    """Texts of the notes by root id."""
    texts: dict[int, dict[str, None]] = defaultdict(dict)
    for note in notes:
        for root in np.unique(roots[note.ids]).tolist():
            texts[root].setdefault(note.text)
    return texts


def _noted(notes: Mapping[int, dict[str, None]], family: Family) -> dict[str, None]:
    if not notes:
        return {}
    return {text: None for root in family.roots.tolist() if root != PINNED for text in notes.get(root, ())}


def _named_apart(groups: Sequence[ChannelGroup]) -> tuple[ChannelGroup, ...]:
    """Number the groups after the first that begin with the same layer."""
    seen: dict[str, int] = defaultdict(int)
    named = []
    for group in groups:
        seen[group.name] += 1
        number = seen[group.name]
        named.append(group if number == 1 else replace(group, name=f"{group.name}#{number}"))
    return tuple(named)
