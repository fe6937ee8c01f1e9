"""Embeddings: tables whose rows are looked up by number, and whose columns are channels."""

from worker.engine.coupling.layers import along
from worker.engine.coupling.mixing import locked, makes
from worker.engine.coupling.values import Layers, Operation, Trace, pinned

_ROWS, _COLUMNS = 0, 1


def embedding(trace: Trace, operation: Operation) -> Layers:
    """The columns are channels that the table makes; rows are found by their number, so they stay."""
    weight = operation.value("weight")
    if weight is None or weight.tensor is None:
        return locked(trace, operation)
    trace.assign(weight.tensor, _ROWS, pinned(weight.shape[_ROWS]))
    channels = makes(trace, operation, weight, _COLUMNS)
    axes = len(operation.shape)
    return () if channels is None else (along(channels, axes - 1, axes),)
