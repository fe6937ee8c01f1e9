"""Convolutions and linear layers: the channels they read end here, new ones begin."""

from dataclasses import dataclass
from math import prod

from worker.engine.coupling.identities import Ids
from worker.engine.coupling.layers import along
from worker.engine.coupling.values import Layers, Note, Operation, Slot, Trace, Value, layer_name

_NO_RULE = "reads them in a way for which there is no rule yet"
_WINDOW = "slides a window over them"
_STAYS = "uses them together with what cannot be removed"


def convolution(trace: Trace, operation: Operation) -> Layers:
    """Input ids mark one axis of the weight, its own ids go on."""
    source, weight = operation.source(), operation.value("weight")
    if weight is None:
        return locked(trace, operation)
    axes = len(source.shape)
    axis = axes - len(weight.shape) + 1
    trace.fix_axes(operation, source, range(axis + 1, axes), _WINDOW)
    is_transposed = operation.kind.startswith("conv_transpose")
    groups = operation.arguments["groups"]
    if groups == 1:
        inputs, outputs = (0, 1) if is_transposed else (1, 0)
        incoming = trace.read(operation, source, axis, _layer(trace, weight, outputs))
        mark(trace, operation, weight, inputs, incoming)
        outgoing = makes(trace, operation, weight, outputs)
    else:
        call = _Grouped(trace, operation, weight, groups, axis, is_transposed=is_transposed)
        outgoing = call.whole_groups() if call.is_finer_by_group() else call.equal_places()
    return () if outgoing is None else (along(outgoing, axis, axes),)


def linear(trace: Trace, operation: Operation) -> Layers:
    """As a convolution over the last axis; what varies along other axes passes."""
    source, weight = operation.source(), operation.value("weight")
    if weight is None:
        return locked(trace, operation)
    last = len(source.shape) - 1
    mark(trace, operation, weight, 1, trace.read(operation, source, last, _layer(trace, weight, 0)))
    outgoing = makes(trace, operation, weight, 0)
    passing = tuple(layer for layer in trace.layers_of(source) if layer.shape[last] == 1 and layer.size > 1)
    return passing if outgoing is None else (*passing, along(outgoing, last, len(source.shape)))


def locked(trace: Trace, operation: Operation) -> Layers:
    """Lock every channel that an operation touches, because its rule is not known."""
    trace.lock(operation, _NO_RULE)
    return ()


def mark(trace: Trace, operation: Operation, value: Value | None, axis: int, ids: Ids | None) -> None:
    """Say that an axis of a weight holds the channels `ids` (size,); None when none of them may go."""
    if value is None:
        return
    if ids is None:
        slot = Slot(value.tensor or "", axis)
        if value.tensor is None:
            trace.fix_axes(operation, value, [axis], _STAYS)
        elif slot in trace.slots:
            trace.pin(operation, trace.slots[slot], _STAYS)
    elif value.tensor is not None:
        trace.assign(value.tensor, axis, ids)
    else:
        own = trace.vector(value, axis)
        if own is None:
            trace.pin(operation, ids, _STAYS)
        else:
            trace.ledger.join(own, ids)


def makes(trace: Trace, operation: Operation, weight: Value, axis: int) -> Ids | None:
    """The channels that a layer makes, on its weight and bias; a weight used before makes the same ones again."""
    if weight.tensor is None:
        ids = trace.vector(weight, axis)
    else:
        ids = trace.positions(weight.tensor, axis, weight.shape[axis])
    produced(trace, weight, axis)
    mark(trace, operation, operation.value("bias"), 0, ids)
    return ids


def produced(trace: Trace, weight: Value, axis: int) -> None:
    """Note that an axis of a weight makes channels: of the stored tensor itself, or of the one it is computed from."""
    slot = _stored_axis(trace, weight, axis)
    if slot is not None:
        trace.producers.setdefault(slot)


def _stored_axis(trace: Trace, weight: Value, axis: int) -> Slot | None:
    """Where the positions along an axis of a weight are stored; a standardized weight has those of its source."""
    if weight.tensor is not None:
        return Slot(weight.tensor, axis)
    layer = trace.layer_at(weight, axis)
    if layer is None or layer.size != layer.shape[axis]:
        return None
    sources = [slot for slot, ids in trace.slots.items() if len(trace.shapes[slot.tensor]) > 1 and _equal(ids, layer)]
    return max(sources, key=lambda slot: prod(trace.shapes[slot.tensor]), default=None)


def _equal(ids: Ids, layer: Ids) -> bool:
    return ids.size == layer.size and int(ids[0]) == int(layer.flat[0]) and bool((ids == layer.ravel()).all())


def _layer(trace: Trace, weight: Value, axis: int) -> str | None:
    """Name of the layer whose weight makes channels along an axis."""
    slot = _stored_axis(trace, weight, axis)
    return None if slot is None else layer_name(slot.tensor)


@dataclass(frozen=True)
class _Grouped:
    """A grouped convolution: `groups` convolutions side by side, each on its share of the channels.

    Its weight is (outputs, inputs of a group, ...), transposed (inputs, outputs of a group, ...).
    """

    trace: Trace
    operation: Operation
    weight: Value
    groups: int
    axis: int
    is_transposed: bool

    @property
    def _inputs_per_group(self) -> int:
        return self.operation.source().shape[self.axis] // self.groups

    @property
    def _outputs(self) -> int:
        return self.weight.shape[1] * self.groups if self.is_transposed else self.weight.shape[0]

    def is_finer_by_group(self) -> bool:
        """Whether there are at least as many groups as places in one (depthwise: groups of one channel)."""
        can_go = self.trace.layer_at(self.operation.source(), self.axis) is not None
        return can_go and self.groups >= self._inputs_per_group and self.weight.tensor is not None

    def whole_groups(self) -> Ids | None:
        """What a group reads and what it makes go together."""
        trace, operation, weight = self.trace, self.operation, self.weight
        incoming = trace.vector(operation.source(), self.axis)
        if incoming is None:
            return None
        produced(trace, weight, 0)
        if self._outputs == len(incoming) == self.groups:
            outgoing = incoming
        else:
            outgoing = trace.ledger.new(self._outputs)
            shares = incoming.reshape(self.groups, -1)
            trace.ledger.join(shares[:, :1], shares)
            trace.ledger.join(shares[:, :1], outgoing.reshape(self.groups, -1))
            trace.units.append(Note(outgoing, "group"))
        mark(trace, operation, weight, 0, incoming if self.is_transposed else outgoing)
        mark(trace, operation, operation.value("bias"), 0, outgoing)
        return outgoing

    def equal_places(self) -> Ids | None:
        """The same place in every group goes; what is read and what is made are apart."""
        trace, operation, weight = self.trace, self.operation, self.weight
        incoming = trace.read(
            operation, operation.source(), self.axis, _layer(trace, weight, 1 if self.is_transposed else 0)
        )
        if incoming is not None:
            places = incoming.reshape(self.groups, -1)
            trace.ledger.join(places[:1], places)
            mark(
                trace, operation, weight, 0 if self.is_transposed else 1, incoming if self.is_transposed else places[0]
            )
        else:
            mark(trace, operation, weight, 0 if self.is_transposed else 1, None)
        if self.is_transposed:
            outgoing = trace.ledger.new(self._outputs)
            mark(trace, operation, weight, 1, outgoing.reshape(self.groups, -1)[0])
            produced(trace, weight, 1)
            mark(trace, operation, operation.value("bias"), 0, outgoing)
        else:
            made = makes(trace, operation, weight, 0)
            if made is None:
                return None
            outgoing = made
        places = outgoing.reshape(self.groups, -1)
        trace.ledger.join(places[:1], places)
        return outgoing
