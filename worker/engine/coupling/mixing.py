"""Convolutions and linear layers: the channels they read end here, new ones begin."""

from torch import Tensor

from worker.engine.coupling.identities import along, varies
from worker.engine.coupling.values import Operation, Read, Slot, Trace, Value, layer_name, pinned
from worker.engine.graph.schema import Reference, decode

_NO_RULE = "reads them in a way for which there is no rule yet"


def convolution(trace: Trace, operation: Operation) -> Tensor:
    """Input ids mark the weight's second axis, fresh ids its first; depthwise convolutions pass their ids through."""
    source, weight = operation.source(), operation.value("weight")
    if weight is None or weight.tensor is None:
        return locked(trace, operation)
    groups = operation.arguments["groups"]
    incoming = trace.merge(trace.ids_of(source), 1)
    if groups == 1:
        return along(_layer(trace, operation, weight.tensor, incoming), 1, operation.result.shape)
    if groups == len(incoming) == weight.shape.size(0):
        _mark_outputs(trace, operation, incoming)
        return along(incoming, 1, operation.result.shape)
    trace.ledger.pin(incoming, f"`{operation.node.name}` is a grouped convolution")
    return pinned(operation.result)


def linear(trace: Trace, operation: Operation) -> Tensor:
    """As a 1x1 convolution over the last axis."""
    source, weight = operation.source(), operation.value("weight")
    last = source.shape.dim() - 1
    ids = trace.ids_of(source)
    if weight is None or weight.tensor is None or any(varies(ids, axis) for axis in range(last)):
        return locked(trace, operation)
    outgoing = _layer(trace, operation, weight.tensor, trace.merge(ids, last))
    return along(outgoing, last, operation.result.shape)


def locked(trace: Trace, operation: Operation) -> Tensor:
    """Pin every channel that an operation touches, because its rule is not known."""
    trace.lock(operation, _NO_RULE)
    return pinned(operation.result)


def _layer(trace: Trace, operation: Operation, weight: str, incoming: Tensor) -> Tensor:
    """Note what a layer reads, and return fresh ids (width,) for what it makes."""
    outgoing = trace.ledger.new(operation.arguments["weight"].shape.size(0))
    trace.assign(weight, 1, incoming)
    _mark_outputs(trace, operation, outgoing)
    source = decode(operation.node.args[0])
    if isinstance(source, Reference):
        trace.reads.append(Read(operation.node.name, source.node, incoming, layer_name(weight)))
    return outgoing


def _mark_outputs(trace: Trace, operation: Operation, outgoing: Tensor) -> None:
    """Say that the layer's weight and bias hold the channels `outgoing` on their first axes."""
    for key in ("weight", "bias"):
        value = operation.value(key)
        if isinstance(value, Value) and value.tensor is not None:
            trace.assign(value.tensor, 0, outgoing)
            if key == "weight":
                trace.producers.append(Slot(value.tensor, 0))
