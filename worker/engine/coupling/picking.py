"""Operations that take a part of a value: slices, splits and indices."""

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from torch import Tensor

from worker.engine.coupling.identities import Ids
from worker.engine.coupling.layers import at, indexed
from worker.engine.coupling.values import Layers, Operation, Trace, Value

_SINGLE = "picks single ones out of them"


def pick_range(trace: Trace, operation: Operation) -> Layers:
    """Slice and narrow: a range along one axis."""
    source = operation.source()
    axis = operation.arguments["dim"] % len(source.shape)
    size, step = source.shape[axis], operation.arguments.get("step", 1)
    start = operation.arguments["start"] or 0
    if operation.kind == "narrow":
        end = start % size + operation.arguments["length"]
    else:
        end = size if operation.arguments["end"] is None else operation.arguments["end"]
    if step != 1:
        trace.fix_axes(operation, source, [axis], _SINGLE)
    part = slice(*slice(start, end, step).indices(size))
    return tuple(indexed(layer, axis, part) for layer in trace.layers_of(source))


def pick_one(trace: Trace, operation: Operation) -> Layers:
    """Select: one position along an axis, which is lost."""
    source = operation.source()
    axis = operation.arguments["dim"] % len(source.shape)
    trace.fix_axes(operation, source, [axis], _SINGLE)
    index = operation.arguments["index"]
    place = index % source.shape[axis] if isinstance(index, int) else 0
    return tuple(at(layer, axis, place) for layer in trace.layers_of(source))


def split(trace: Trace, operation: Operation) -> list[Layers]:
    """Split and chunk: ranges side by side."""
    source = operation.source()
    axis = operation.arguments["dim"] % len(source.shape)
    starts = np.cumsum([0] + [shape[axis] for shape in operation.shapes]).tolist()
    layers = trace.layers_of(source)
    return [tuple(indexed(layer, axis, slice(start, end)) for layer in layers) for start, end in pairwise(starts)]


def unbind(trace: Trace, operation: Operation) -> list[Layers]:
    """Every position along an axis by itself."""
    source = operation.source()
    axis = operation.arguments["dim"] % len(source.shape)
    trace.fix_axes(operation, source, [axis], _SINGLE)
    layers = trace.layers_of(source)
    return [tuple(at(layer, axis, place) for layer in layers) for place in range(source.shape[axis])]


def pick_listed(trace: Trace, operation: Operation) -> Layers:
    """Index and index_select: positions that a stored vector lists move with their channels; others stay fixed."""
    source = operation.source()
    indices = operation.arguments.get("indices", operation.arguments.get("index"))
    if isinstance(indices, Value):
        indices = [None] * (operation.arguments["dim"] % len(source.shape)) + [indices]
    chosen = [axis for axis, index in enumerate(indices) if isinstance(index, Value)]
    if len(chosen) == 1 and len(indices[chosen[0]].shape) == 1:
        return _listed(trace, operation, chosen[0], indices[chosen[0]])
    trace.fix_axes(operation, source, chosen, _SINGLE)
    return _scattered(trace, operation, chosen, indices)


def _listed(trace: Trace, operation: Operation, axis: int, index: Value) -> Layers:
    """One vector of positions along one axis."""
    source = operation.source()
    constant = _constant(trace, index)
    if constant is None:
        trace.fix_axes(operation, source, [axis], _SINGLE)
        layers = trace.layers_of(source)
        return tuple(layer for layer in layers if layer.shape[axis] == 1)
    channels = trace.layer_at(source, axis)
    if channels is not None and channels.shape[axis] > 1 and index.tensor is not None:
        _follow(trace, operation, axis, index.tensor, constant)
    return tuple(indexed(layer, axis, constant) for layer in trace.layers_of(source))


def _follow(trace: Trace, operation: Operation, axis: int, tensor: str, constant: Ids) -> None:
    """Note that a stored index names channels: it loses those that go, and the others are numbered anew."""
    channels = trace.vector(operation.source(), axis)
    if channels is None:
        return
    known = trace.indices.setdefault(tensor, channels)
    if known is not channels:
        trace.ledger.join(known, channels) if len(known) == len(channels) else trace.pin(operation, channels, _SINGLE)
    trace.assign(tensor, 0, channels[constant])


def _scattered(trace: Trace, operation: Operation, chosen: list[int], indices: list[Any]) -> Layers:
    """Several indices, or one with several axes: where no layer varies along them, the others move aside."""
    source = operation.source()
    width = max((len(indices[axis].shape) for axis in chosen), default=0)
    is_run = chosen == list(range(chosen[0], chosen[-1] + 1))
    place = chosen[0] if is_run else 0
    layers = []
    for layer in trace.layers_of(source):
        if all(layer.shape[axis] == 1 for axis in chosen):
            rest = [size for axis, size in enumerate(layer.shape) if axis not in chosen]
            layers.append(layer.reshape(rest[:place] + [1] * width + rest[place:]))
    return tuple(layers)


def _constant(trace: Trace, index: Value) -> Ids | None:
    """The positions that a stored index lists; None when it is computed."""
    tensor: Tensor | None = trace.constants.get(index.tensor) if index.tensor is not None else None
    if tensor is None or tensor.is_meta or tensor.is_floating_point() or tensor.dtype.is_signed is False:
        return None
    return tensor.numpy()


PICKS: Mapping[str, Callable[[Trace, Operation], Any]] = {
    "slice": pick_range,
    "narrow": pick_range,
    "select": pick_one,
    "split": split,
    "split_with_sizes": split,
    "chunk": split,
    "tensor_split": split,
    "unbind": unbind,
    "index": pick_listed,
    "index_select": pick_listed,
}
"""Rule by kind of operation that takes parts."""
