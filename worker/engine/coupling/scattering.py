"""Writing a part of a value anew: what is written meets the channels whose place it takes."""

from dataclasses import replace

from worker.engine.coupling.elementwise import combine
from worker.engine.coupling.picking import pick_range
from worker.engine.coupling.values import Layers, Operation, Trace, Value


def scatter_range(trace: Trace, operation: Operation) -> Layers:
    """`slice_scatter`: a range along one axis."""
    base, part = operation.values()
    picked = replace(operation, arguments={**operation.arguments, "src": None}, shapes=(part.shape,))
    places = Value(part.shape, pick_range(trace, picked), base.node)
    combine(trace, replace(operation, arguments={"self": places, "src": part}, shapes=(part.shape,)))
    return trace.layers_of(base)
