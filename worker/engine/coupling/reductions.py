"""Pooling, means, sums, softmax, batch norm: channels pass when the reduced axes are not channel axes."""

import re

from worker.engine.coupling.identities import Ids
from worker.engine.coupling.layers import varying_axes
from worker.engine.coupling.mixing import mark
from worker.engine.coupling.values import Layers, Note, Operation, Trace

_STATISTICS = "computes statistics over them"
_SPACE = re.compile(r"(\d)d")


def pool(trace: Trace, operation: Operation) -> Layers:
    """Pooling and resizing over the last axes (two for `max_pool2d`) keep the channels of the others."""
    source = operation.source()
    found = _SPACE.search(operation.kind)
    count = len(source.shape)
    spatial = range(count - (int(found[1]) if found else count), count)
    trace.fix_axes(operation, source, spatial, "changes the resolution along them")
    return tuple(layer for layer in trace.layers_of(source) if all(layer.shape[axis] == 1 for axis in spatial))


def reduce(trace: Trace, operation: Operation) -> Layers:
    """Means and sums over axes on which no channel varies; over channels there is no exact removal."""
    source = operation.source()
    axes = _axes(operation.arguments.get("dim"), len(source.shape))
    trace.fix_axes(operation, source, axes, _STATISTICS)
    return tuple(_without(layer, axes, operation) for layer in trace.layers_of(source) if _outlives(layer, axes))


def reduce_to_list(trace: Trace, operation: Operation) -> list[Layers]:
    """Operations that return several reductions at once, such as `var_mean` and `max` with places."""
    return [reduce(trace, operation)] * len(operation.shapes)


def along_axis(trace: Trace, operation: Operation) -> Layers:
    """Softmax, cumulative sums and the like pass channels unless they run over them."""
    source = operation.source()
    axes = _axes(operation.arguments["dim"], len(source.shape))
    trace.fix_axes(operation, source, axes, "normalizes over them" if "softmax" in operation.kind else "runs over them")
    return trace.layers_of(source)


def along_last_two(trace: Trace, operation: Operation) -> Layers:
    """A triangle of a matrix: its axes keep their length."""
    trace.fix_axes(operation, operation.source(), (-2, -1), "cuts a triangle out of them")
    return trace.layers_of(operation.source())


def batch_norm(trace: Trace, operation: Operation) -> Layers:
    """The norm's vectors follow the channels of axis 1; channels along other axes are in its statistics."""
    source = operation.source()
    channels = trace.vector(source, 1)
    for key in ("weight", "bias", "running_mean", "running_var"):
        mark(trace, operation, operation.value(key), 0, channels)
    for layer in trace.layers_of(source):
        if layer.size > layer.shape[1]:
            trace.inexact.append(Note(layer.ravel(), operation.node.name))
    return trace.layers_of(source)


def _axes(dim: int | list[int] | None, count: int) -> list[int]:
    chosen = list(range(count)) if dim is None or dim == [] else [dim] if isinstance(dim, int) else dim
    return sorted(axis % count for axis in chosen) if count else []


def _outlives(layer: Ids, axes: list[int]) -> bool:
    """Whether channels are left when some axes are reduced."""
    varying = set(varying_axes(layer))
    return not varying or bool(varying - set(axes))


def _without(layer: Ids, axes: list[int], operation: Operation) -> Ids:
    for axis in axes:
        layer = layer.take([0], axis)
    if len(operation.shape) < layer.ndim:
        layer = layer.reshape([size for axis, size in enumerate(layer.shape) if axis not in axes])
    return layer
