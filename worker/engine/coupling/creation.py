"""Constants made in the graph: they shrink with what they are combined with."""

from worker.engine.coupling.layers import along
from worker.engine.coupling.values import Layers, Operation, Trace


def filled(trace: Trace, operation: Operation) -> Layers:
    """Zeros, ones and the like: an axis with a literal size may shrink (the first one is the batch)."""
    sizes = operation.arguments["size"]
    axes = len(operation.shape)
    return tuple(
        along(trace.ledger.new(size), axis, axes)
        for axis, size in enumerate(sizes)
        if isinstance(size, int) and size > 1
    )


def filled_like(trace: Trace, operation: Operation) -> Layers:
    """The size of another value."""
    return trace.layers_of(operation.source())


def counted(_trace: Trace, _operation: Operation) -> Layers:
    """`arange`: its elements say how many there are, so none may go."""
    return ()
