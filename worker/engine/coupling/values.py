"""What flows through the graph while channels are traced: a shape, and the ids of the channels it holds."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from torch import Tensor

from worker.engine.coupling.identities import PINNED, Ids, Ledger
from worker.engine.coupling.layers import Shape, along, varying_axes
from worker.engine.graph import Node

Layers: TypeAlias = tuple[Ids, ...]
"""Independent id layers of one value (see `layers`); no two vary along the same axis. Where none varies along an axis,
nothing may go there."""


_ROLE = re.compile("weight|kernel|bias|gamma|beta|scale|mean|var|alpha|original")
"""In names of tensors that belong to a layer."""


@dataclass(frozen=True, slots=True)
class Value:
    """A tensor of the graph while channels are traced."""

    shape: Shape
    layers: Layers = ()
    node: str | None = None
    """Node or input that it comes from; None for a parameter or buffer."""
    tensor: str | None = None
    """Name, when it is a parameter or buffer as stored."""
    is_float: bool = True


@dataclass(frozen=True)
class Slot:
    """One axis of one parameter or buffer, whose positions are channels."""

    tensor: str
    axis: int


@dataclass(frozen=True)
class Read:
    """A node that mixes channels: the `ids` that lie along an axis of the value `source`.

    `ids` (size,) are all of that axis. `layer` names the layer that reads, if it is one.
    """

    node: str
    source: str
    axis: int
    ids: Ids
    layer: str | None = None


@dataclass(frozen=True)
class Note:
    """Something learned about channels, said of their ids: a unit, or the node that makes masking inexact."""

    ids: Ids
    text: str


@dataclass(frozen=True)
class Operation:
    """One node with its arguments replaced by traced values, by the operation's own parameter names."""

    node: Node
    kind: str
    arguments: Mapping[str, Any]
    shapes: tuple[Shape, ...]
    """Shape of the result, or of every part when the result is a list."""

    @property
    def shape(self) -> Shape:
        """Shape of the result (of its first part)."""
        return self.shapes[0]

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
            if isinstance(argument, Value):
                found.append(argument)
            elif isinstance(argument, list):
                found += [item for item in argument if isinstance(item, Value)]
        return found


@dataclass
class Trace:
    """Everything learned on one walk over the graph."""

    constants: Mapping[str, Tensor]
    """The network's tensors, for indices burned into them."""
    shapes: Mapping[str, Shape]
    """Shapes of the parameters and buffers."""
    ledger: Ledger = field(default_factory=Ledger)
    slots: dict[Slot, Ids] = field(default_factory=dict)
    """Id of every position of an axis."""
    values: dict[str, Any] = field(default_factory=dict)
    """Inputs and results by node: a value, a list of them, or what else the node gives."""
    stored: dict[str, Layers] = field(default_factory=dict)
    """Layers of the parameters and buffers that are used like any other value."""
    producers: dict[Slot, None] = field(default_factory=dict)
    """Axes of layers' weights that make channels, in forward order."""
    reads: list[Read] = field(default_factory=list)
    units: list[Note] = field(default_factory=list)
    """Channels that are more than a channel, such as heads."""
    inexact: list[Note] = field(default_factory=list)
    """Channels whose masking is not their removal, and the node to blame."""
    grids: dict[int, Ids] = field(default_factory=dict)
    """Layers that vary along several axes, by their identity."""
    indices: dict[str, Ids] = field(default_factory=dict)
    """Channels of the axis that a stored index picks from, by the index' tensor: positions are counted anew."""

    def layers_of(self, value: Value) -> Layers:
        """Layers of a value; a stored tensor has one for each of its axes."""
        if value.tensor is None or not value.is_float:
            return value.layers
        if value.tensor not in self.stored:
            axes = [axis for axis, size in enumerate(value.shape) if size > 1]
            self.stored[value.tensor] = tuple(
                along(self.positions(value.tensor, axis, value.shape[axis]), axis, len(value.shape)) for axis in axes
            )
        return self.stored[value.tensor]

    def positions(self, tensor: str, axis: int, size: int) -> Ids:
        """Ids along an axis of a stored tensor, new ones if nothing is known of it."""
        slot = Slot(tensor, axis)
        if slot not in self.slots:
            self.slots[slot] = self.ledger.new(size)
        return self.slots[slot]

    def layer_at(self, value: Value, axis: int) -> Ids | None:
        """The layer that varies along an axis, or the one that has a single channel; None where nothing may go."""
        layers = self.layers_of(value)
        for layer in layers:
            if layer.shape[axis] > 1:
                return layer
        return next((layer for layer in layers if layer.size == 1), None)

    def vector(self, value: Value, axis: int) -> Ids | None:
        """Channels along one axis (size,); what differs along other axes at one position is joined.

        None when nothing may go along that axis.
        """
        axis %= len(value.shape)
        layer = self.layer_at(value, axis)
        if layer is None:
            return None
        if layer.shape[axis] == 1:
            return np.broadcast_to(layer.ravel(), (value.shape[axis],))
        if layer.size == layer.shape[axis]:
            return layer.ravel()
        flat = np.moveaxis(layer, axis, 0).reshape(layer.shape[axis], -1)
        self.ledger.join(flat[:, :1], flat)
        return flat[:, 0]

    def assign(self, tensor: str, axis: int, ids: Ids) -> None:
        """Say that the positions along an axis of a tensor are the channels `ids` (width,)."""
        known = self.slots.setdefault(Slot(tensor, axis), ids)
        if known is not ids:
            self.ledger.join(known, ids)

    def read(self, operation: Operation, value: Value, axis: int, layer: str | None = None) -> Ids | None:
        """The channels along one axis, as `vector`, noted as read here: a mask on them belongs before this node."""
        ids = self.vector(value, axis)
        if ids is not None and value.node is not None:
            self.reads.append(Read(operation.node.name, value.node, axis % len(value.shape), ids, layer))
        return ids

    def lock(self, operation: Operation, why: str) -> None:
        """Lock every channel that an operation touches."""
        for value in operation.values():
            for layer in self.layers_of(value):
                self.pin(operation, layer, why)

    def pin(self, operation: Operation, ids: Ids, why: str) -> None:
        """Lock channels because of what an operation does with them."""
        self.ledger.pin(ids, f"`{operation.node.name}` ({operation.kind}) {why}")

    def fix(self, operation: Operation, layer: Ids, axis: int, why: str) -> None:
        """Say that an axis keeps its length: what varies there goes along it as a whole, or is locked."""
        if layer.shape[axis] == 1:
            return
        if len(varying_axes(layer)) == 1:
            self.pin(operation, layer, why)
        else:
            self.ledger.join(layer.take([0], axis), layer)

    def fix_axes(self, operation: Operation, value: Value, axes: Sequence[int], why: str) -> None:
        """Say of several axes of a value that they keep their length."""
        for axis in axes:
            for layer in self.layers_of(value):
                self.fix(operation, layer, axis, why)


def pinned(size: int) -> Ids:
    """Ids of positions that all stay (size,)."""
    return np.full(size, PINNED)


def layer_name(weight: str) -> str:
    """Name of the layer that holds a weight: `fc1` for `fc1.weight`.

    A module's tensor that is not called by what it does in a layer is one by itself: `experts.w1`.
    """
    module, _, own = weight.rpartition(".")
    return module if module and _ROLE.search(own) else weight
