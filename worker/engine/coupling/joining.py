"""Operations that put values side by side: concatenation, stacking, padding."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np

from worker.engine.coupling.identities import PINNED, Ids
from worker.engine.coupling.layers import Shape, along, indexed, varying_axes
from worker.engine.coupling.values import Layers, Operation, Trace

_FIXED = "puts them beside a value whose size cannot change"


@dataclass(frozen=True)
class _Part:
    shape: Shape
    layers: Layers


def concatenate(trace: Trace, operation: Operation) -> Layers:
    """Channels side by side; what varies along another axis must vary alike in every part."""
    axes = len(operation.shape)
    axis = operation.arguments["dim"] % axes
    values = [value for value in operation.values() if len(value.shape) == axes]  # an empty vector stands for nothing
    return _side_by_side(trace, operation, [_Part(value.shape, trace.layers_of(value)) for value in values], axis)


def stack(trace: Trace, operation: Operation) -> Layers:
    """Values along a new axis."""
    axis = operation.arguments["dim"] % len(operation.shape)
    parts = [
        _Part(
            (*value.shape[:axis], 1, *value.shape[axis:]),
            tuple(np.expand_dims(layer, axis) for layer in trace.layers_of(value)),
        )
        for value in operation.values()
    ]
    return _side_by_side(trace, operation, parts, axis)


def _side_by_side(trace: Trace, operation: Operation, parts: Sequence[_Part], axis: int) -> Layers:
    """One layer for every kind of channels that the parts hold."""
    if len(parts) == 1:
        return parts[0].layers
    result: list[Ids | None] = []
    for axes in _kinds(parts, axis):
        lines = [_line(trace, part, axes, is_along=axis in axes) for part in parts]
        if axis in axes:
            result.append(_row(lines, parts, axes, axis))
        else:
            result.append(_agreed(trace, operation, lines, axes))
    return tuple(layer for layer in result if layer is not None)


def _kinds(parts: Sequence[_Part], axis: int) -> list[set[int]]:
    """Sets of axes along which some layer varies, or several do that meet."""
    kinds: list[set[int]] = []
    for part in parts:
        for layer in part.layers:
            axes = set(varying_axes(layer)) or {axis}
            met = [kind for kind in kinds if kind & axes]
            kinds = [kind for kind in kinds if not kind & axes] + [axes.union(*met)]
    return kinds


def _line(trace: Trace, part: _Part, axes: set[int], *, is_along: bool) -> Ids | None:
    """The part's layer of a kind; several of them are joined."""
    layers = [layer for layer in part.layers if axes & set(varying_axes(layer)) or (is_along and layer.size == 1)]
    if len(layers) > 1:
        shape = np.broadcast_shapes(*(layer.shape for layer in layers))
        full = [np.broadcast_to(layer, shape) for layer in layers]
        for layer in full[1:]:
            trace.ledger.join(full[0], layer)
        return full[0]
    return layers[0] if layers else None


def _row(lines: Sequence[Ids | None], parts: Sequence[_Part], axes: set[int], axis: int) -> Ids:
    """Channels side by side; a part without any stays."""
    pieces = []
    for line, part in zip(lines, parts, strict=True):
        shape = [size if place in axes else 1 for place, size in enumerate(part.shape)]
        pieces.append(np.full(shape, PINNED) if line is None else np.broadcast_to(line, shape))
    return np.concatenate(pieces, axis)


def _agreed(trace: Trace, operation: Operation, lines: Sequence[Ids | None], axes: set[int]) -> Ids | None:
    """Channels along other axes: the same in every part."""
    held = [line for line in lines if line is not None]
    if len(held) < len(lines):
        for line in held:
            for place in axes:
                trace.fix(operation, line, place, _FIXED)
        return None
    return reduce(lambda first, second: _join(trace, first, second), held)


def _join(trace: Trace, first: Ids, second: Ids) -> Ids:
    trace.ledger.join(first, second)
    return first if first.size >= second.size else second


def pad(trace: Trace, operation: Operation) -> Layers:
    """Zero channels that a padding adds are channels of their own; padded pixels belong to the channel around them."""
    source = operation.source()
    layers = list(trace.layers_of(source))
    amounts = list(operation.arguments["pad"])
    is_constant = operation.arguments.get("mode", "constant") == "constant"
    for position in range(len(amounts) // 2):
        axis = len(source.shape) - 1 - position
        before, after = amounts[2 * position : 2 * position + 2]
        if (before or after) and not is_constant:
            trace.fix_axes(operation, source, [axis], "pads them with copies of themselves")
        layers = [_padded(trace, layer, axis, before, after) for layer in layers]
    return tuple(layers)


def _padded(trace: Trace, layer: Ids, axis: int, before: int, after: int) -> Ids:
    size = layer.shape[axis]
    if size == 1:
        return layer
    cropped = indexed(layer, axis, slice(max(-before, 0), size - max(-after, 0)))
    shape = [1 if place == axis else length for place, length in enumerate(layer.shape)]

    def fresh(count: int) -> Ids:
        ids = along(trace.ledger.new(max(count, 0)), axis, layer.ndim)
        return np.broadcast_to(ids, [max(count, 0) if place == axis else length for place, length in enumerate(shape)])

    return np.concatenate([fresh(before), cropped, fresh(after)], axis)
