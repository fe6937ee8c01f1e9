"""Gated linear units: the halves of a value meet place by place."""

from worker.engine.coupling.layers import indexed
from worker.engine.coupling.values import Layers, Operation, Trace


def gated_halves(trace: Trace, operation: Operation) -> Layers:
    """`glu`: the first half times the sigmoid of the second."""
    source = operation.source()
    axis = operation.arguments["dim"] % len(source.shape)
    width = operation.shape[axis]
    result = []
    for ids in trace.layers_of(source):
        first = indexed(ids, axis, slice(0, width))
        trace.ledger.join(first, indexed(ids, axis, slice(width, 2 * width)))
        result.append(first)
    return tuple(result)
