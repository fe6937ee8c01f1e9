"""Pooling, means and sums: channels pass when the reduced axes are not channel axes."""

from torch import Tensor

from worker.engine.coupling.identities import along, varies
from worker.engine.coupling.values import Operation, Trace, pinned


def pool(trace: Trace, operation: Operation) -> Tensor:
    """Pooling over space keeps the channels of axis 1."""
    channels = trace.merge(trace.ids_of(operation.source()), 1)
    return along(channels, 1, operation.result.shape)


def reduce(trace: Trace, operation: Operation) -> Tensor:
    """Means and sums over axes on which no channel varies; over channels there is no exact removal."""
    ids = trace.ids_of(operation.source())
    axes = _axes(operation.arguments.get("dim"), ids.dim())
    if any(varies(ids, axis) for axis in axes):
        trace.lock(operation, "computes statistics over them")
        return pinned(operation.result)
    for axis in axes:
        ids = ids.narrow(axis, 0, 1)
    if not operation.arguments.get("keepdim", False):
        kept = [axis for axis in range(ids.dim()) if axis not in axes]
        ids = ids.permute(*axes, *kept).reshape([ids.size(axis) for axis in kept])
    return ids.expand(operation.result.shape)


def softmax(trace: Trace, operation: Operation) -> Tensor:
    """Passes channels unless they are what it normalizes over."""
    ids = trace.ids_of(operation.source())
    if varies(ids, operation.arguments["dim"] % ids.dim()):
        trace.lock(operation, "normalizes over them")
        return pinned(operation.result)
    return ids


def batch_norm(trace: Trace, operation: Operation) -> Tensor:
    """The norm's vectors follow the channels of axis 1."""
    ids = trace.ids_of(operation.source())
    channels = trace.merge(ids, 1)
    for key in ("weight", "bias", "running_mean", "running_var"):
        value = operation.value(key)
        if value is not None and value.tensor is not None:
            trace.assign(value.tensor, 0, channels)
    return ids


def _axes(dim: int | list[int] | None, count: int) -> list[int]:
    chosen = list(range(count)) if dim is None or dim == [] else [dim] if isinstance(dim, int) else dim
    return sorted(axis % count for axis in chosen)
