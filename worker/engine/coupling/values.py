"""What flows through the graph while channels are traced: a shape, and the ids of the channels it holds."""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import prod
from typing import Any

import torch
from torch import Tensor

from worker.engine.coupling.identities import NOTHING, PINNED, Ledger
from worker.engine.graph import Node


@dataclass(frozen=True)
class Value:
    """A tensor of the graph while channels are traced."""

    shape: Tensor
    """The value on the meta device."""
    ids: Tensor
    tensor: str | None = None
    """Name, when it is a parameter or buffer as stored."""
    turned: "Turned | None" = None
    """Set when it is a parameter or buffer with its axes in another order."""


@dataclass(frozen=True)
class Turned:
    """A parameter or buffer whose axes a transpose or permutation has put in another order."""

    tensor: str
    axes: tuple[int, ...]
    """The stored axis at every place."""


@dataclass(frozen=True)
class Slot:
    """One axis of one parameter or buffer, whose positions are channels."""

    tensor: str
    axis: int


@dataclass(frozen=True, eq=False)
class Read:
    """A node that mixes the channels `ids` (width,) of the node `source`; `layer` names the layer, if it is one."""

    node: str
    source: str
    ids: Tensor
    layer: str | None = None


@dataclass(frozen=True)
class Note:
    """Something learned about channels, said of their ids: a unit, or the node that makes masking inexact."""

    ids: Tensor
    text: str


@dataclass
class Trace:
    """Everything learned on one walk over the graph."""

    ledger: Ledger = field(default_factory=Ledger)
    slots: dict[Slot, Tensor] = field(default_factory=dict)
    """Id of every position of an axis."""
    ids: dict[str, Any] = field(default_factory=dict)
    """Ids of every node's result: a tensor, or a list of them."""
    producers: list[Slot] = field(default_factory=list)
    """Output axes of layers' weights in forward order."""
    reads: list[Read] = field(default_factory=list)
    stored: dict[str, Tensor] = field(default_factory=dict)
    """Ids of parameters and buffers that are used like any other value, element by element."""
    rectangles: list[Tensor] = field(default_factory=list)
    """Ids of views: what is removed must leave a rectangle. Joined when everything else is known."""
    whole: list[tuple[Tensor, int, str]] = field(default_factory=list)
    """Ids of which nothing may go along an axis unless it does not vary there in the end; and why."""
    units: list[Note] = field(default_factory=list)
    """Channels that are more than a channel, such as heads."""
    inexact: list[Note] = field(default_factory=list)
    """Channels whose masking is not their removal, and the node to blame."""

    def ids_of(self, value: Value) -> Tensor:
        """Ids of a value; a stored tensor gets fresh ones for all its elements when it is first used."""
        if not value.shape.is_floating_point():
            return value.ids
        if value.turned is not None:
            shape = [value.shape.size(value.turned.axes.index(axis)) for axis in range(value.shape.dim())]
            return self._elements(value.turned.tensor, shape).permute(value.turned.axes)
        return value.ids if value.tensor is None else self._elements(value.tensor, list(value.shape.shape))

    def _elements(self, tensor: str, shape: list[int]) -> Tensor:
        if tensor not in self.stored:
            self.stored[tensor] = self.ledger.new(prod(shape)).reshape(shape)
        return self.stored[tensor]

    def lock(self, operation: "Operation", why: str) -> None:
        """Pin every channel that an operation touches."""
        for value in operation.values():
            self.ledger.pin(self.ids_of(value), f"`{operation.node.name}` ({operation.kind}) {why}")

    def assign(self, tensor: str, axis: int, ids: Tensor) -> None:
        """Say that the positions along an axis of a tensor are the channels `ids` (width,)."""
        slot = Slot(tensor, axis)
        if slot in self.slots:
            self.ledger.join(self.slots[slot], ids)
        else:
            self.slots[slot] = ids.clone()

    def merge(self, ids: Tensor, axis: int) -> Tensor:
        """Ids (width,) along one axis; what differs along the other axes at one position is joined."""
        flat = ids.movedim(axis, 0)
        for position in range(1, flat.dim()):
            if flat.stride(position) == 0:
                flat = flat.narrow(position, 0, 1)
        flat = flat.reshape(ids.size(axis), -1)
        first = flat.amax(1)
        self.ledger.join(first[:, None], flat)
        return first


@dataclass(frozen=True)
class Operation:
    """One node with its arguments replaced by traced values, by the operation's own parameter names."""

    node: Node
    kind: str
    arguments: dict[str, Any]
    result: Any
    """What the operation returns on the meta device."""
    call: Callable[[Callable[[Value], Tensor]], Any]
    """Run the operation with every tensor argument replaced by a function of it."""

    def value(self, name: str) -> Value | None:
        """A tensor argument; None when it was left out."""
        argument = self.arguments.get(name)
        return argument if isinstance(argument, Value) else None

    def source(self) -> Value:
        """The first argument that is a tensor."""
        return self.values()[0]

    def values(self) -> list[Value]:
        """All tensor arguments, lists opened, in order."""
        found: list[Value] = []
        for argument in self.arguments.values():
            items = argument if isinstance(argument, list) else [argument]
            found += [item for item in items if isinstance(item, Value)]
        return found


def nothing(shape: Tensor) -> Tensor:
    """Ids of a value that holds no channel."""
    return torch.full((1,) * shape.dim(), NOTHING).expand(shape.shape)


def pinned(shape: Tensor) -> Tensor:
    """Ids of a value of which nothing may be removed."""
    return torch.full((1,) * shape.dim(), PINNED).expand(shape.shape)


def layer_name(weight: str) -> str:
    """Name of the layer that holds a weight: `fc1` for `fc1.weight`."""
    return weight.rpartition(".")[0] or weight
