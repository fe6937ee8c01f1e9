"""Constants through operations that move, join, part or reduce elements: they go where the elements go."""

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any, TypeAlias, cast

import numpy as np
import torch
from torch import Tensor

from worker.engine.constant_places import Constants, Place
from worker.engine.coupling.identities import Ids
from worker.engine.coupling.layers import lift, reshaped
from worker.engine.graph.operations import OPERATIONS
from worker.engine.graph.schema import Reference, TensorReference

Outcome: TypeAlias = Constants | Sequence[Constants] | None
"""Constants of a result, or of each of several; None where nothing is known."""
_END = torch.iinfo(torch.int64).max
_EXACT = frozenset({torch.float32, torch.float64})


def passed(place: Place) -> Constants:
    """The value stays what it is: dropout in evaluation mode, copies."""
    return place.constants(place.first)


def _converted(place: Place) -> Constants | None:
    """Another type, unless it rounds."""
    is_exact = place.network.shapes[place.step.node.name].dtype in _EXACT
    return passed(place) if is_exact else None


def _reshaped(place: Place) -> Constants:
    key = place.first
    moved: Any = reshaped([cast("Ids", place.constants(key))], place.source_shape(key), place.shape)
    return cast("Constants", moved[0])


def _permuted(place: Place) -> Outcome:
    """Axes in another order: the operation itself, on axes of size 1 where nothing varies."""
    return _run(place, place.constants(place.first))


def _expanded(place: Place) -> Constants:
    return cast("Constants", lift(cast("Ids", place.constants(place.first)), len(place.shape)))


def _repeated(place: Place) -> Constants:
    """Several times in a row; what does not vary along an axis still does not."""
    source = _expanded(place)
    times = place.step.bound.get("repeats", place.step.bound.get("dims"))
    times = [1] * (source.ndim - len(times)) + list(times)
    return np.tile(source, [time if size > 1 else 1 for size, time in zip(source.shape, times, strict=True)])


def _along(place: Place) -> Outcome:
    """The operation itself, on an array that has its full size along the axes that it works along."""
    bound = place.step.bound
    dims = bound.get("dim", bound.get("dims"))
    axes = [dims] if isinstance(dims, int) else dims
    source = place.spread(bound[place.first], axes) if axes else None
    return None if source is None else _run(place, source)


def _sliced(place: Place) -> Outcome:
    """A slice of everything, as `x[:, 1]` begins with, may be one of examples."""
    start, end, step = (place.step.bound[key] for key in ("start", "end", "step"))
    is_whole = not start and (end is None or end == _END) and step == 1
    return passed(place) if is_whole else _along(place)


def _shuffled(place: Place) -> Outcome:
    source = place.spread(place.step.bound[place.first], [1])
    return None if source is None else _run(place, source)


def _whole(place: Place) -> Outcome:
    """The operation itself, on an array of full size: pixels become channels, borders are padded."""
    argument = place.step.bound[place.first]
    source = place.spread(argument, range(1, len(place.shape_of(argument))))
    return None if source is None else _run(place, source)


def _run(place: Place, source: Constants) -> Outcome:
    """What the operation makes of an array instead of its first argument."""
    arguments = {key: _plain(place, value) for key, value in place.step.bound.items()}
    arguments[place.first] = torch.from_numpy(np.array(source))
    result = OPERATIONS[place.step.node.target](**arguments)
    return _shrunk(result.numpy()) if isinstance(result, Tensor) else [_shrunk(item.numpy()) for item in result]


def _plain(place: Place, value: Any) -> Any:
    """Sizes and stored indices instead of references to them."""
    if isinstance(value, Reference):
        return place.network.shapes[value.node]
    return place.network.tensors[value.tensor] if isinstance(value, TensorReference) else value


def _shrunk(values: Constants) -> Constants:
    """Size 1 along the axes along which nothing varies."""
    for axis in range(values.ndim):
        if values.shape[axis] > 1:
            first = values.take([0], axis)
            if bool(((values == first) | (np.isnan(values) & np.isnan(first))).all()):
                values = first
    return values


def _concatenated(place: Place) -> Constants | None:
    """Values side by side along an axis that examples do not lie along."""
    values = [value for value in place.step.bound["tensors"] if len(place.shape_of(value)) == len(place.shape)]
    axis = place.step.bound["dim"] % len(place.shape)
    return _joined([place.spread(value, [axis]) for value in values], axis)


def _stacked(place: Place) -> Constants | None:
    axis = place.step.bound["dim"] % len(place.shape)
    return _joined([np.expand_dims(place.constants_of(value), axis) for value in place.step.bound["tensors"]], axis)


def _joined(parts: Sequence[Constants | None], axis: int) -> Constants | None:
    known = [part for part in parts if part is not None]
    if len(known) < len(parts) or axis == 0:
        return None
    others = np.broadcast_shapes(*([*part.shape[:axis], 1, *part.shape[axis + 1 :]] for part in known))
    full = [np.broadcast_to(part, (*others[:axis], part.shape[axis], *others[axis + 1 :])) for part in known]
    return _shrunk(np.concatenate(full, axis))


def _picked(place: Place) -> Constants | None:
    """One of several values."""
    container, index = place.step.bound["0"], place.step.bound["1"]
    pieces = place.pieces.get(container.node, ()) if isinstance(container, Reference) else ()
    return pieces[index] if isinstance(index, int) and -len(pieces) <= index < len(pieces) else None


def _pooled(place: Place) -> Constants | None:
    """Pooling of channels that are the same at every pixel; averages of padded zeros are not the same at the border."""
    source, bound = passed(place), place.step.bound
    spatial = int(place.step.kind[-2])
    if any(size > 1 for size in source.shape[-spatial:]):
        return None
    averages_zeros = place.step.kind.startswith("avg_pool") and bool(np.any(bound.get("padding", 0)))
    is_scaled = bound.get("divisor_override") is not None
    result: Constants = np.where(source == 0, source, np.nan) if averages_zeros or is_scaled else source
    return result


def _reduced(place: Place) -> Constants | None:
    """Mean or extreme along axes along which nothing varies."""
    source = passed(place)
    axes = _reduced_axes(place)
    if any(source.shape[axis] > 1 for axis in axes):
        return None
    return source if place.step.bound.get("keepdim") else np.squeeze(source, tuple(axes))


def _summed(place: Place) -> Constants | None:
    """A sum is a mean times a number that must not be that of the examples."""
    means, shape = _reduced(place), place.source_shape(place.first)
    axes = [axis % len(shape) for axis in _reduced_axes(place)]
    is_known = place.spread(place.step.bound[place.first], axes) is not None
    if means is None or is_known:
        return means if means is None else means * prod(shape[axis] for axis in axes)
    zeros: Constants = np.where(means == 0, 0.0, np.nan)
    return zeros


def _reduced_axes(place: Place) -> list[int]:
    dims: Any = place.step.bound.get("dim")
    return [dims] if isinstance(dims, int) else list(dims or range(len(place.source_shape(place.first))))


def _filled(value: float) -> Callable[[Place], Constants]:
    return lambda place: np.full((1,) * len(place.shape), value)


_DIMENSIONS = (1, 2, 3)
MOVES: Mapping[str, Callable[[Place], Outcome]] = {
    **dict.fromkeys(["clone", "contiguous", "detach", "alias"], passed),
    **dict.fromkeys(["dropout", "feature_dropout", "alpha_dropout", "feature_alpha_dropout"], passed),
    **dict.fromkeys(["to", "_to_copy", "type_as"], _converted),
    **dict.fromkeys(["flatten", "unflatten", "squeeze", "unsqueeze"], _reshaped),
    **dict.fromkeys(["view", "reshape", "view_as", "reshape_as"], _reshaped),
    **dict.fromkeys(["permute", "transpose", "t", "movedim"], _permuted),
    **dict.fromkeys(["expand", "expand_as", "broadcast_to"], _expanded),
    **dict.fromkeys(["repeat", "tile"], _repeated),
    "slice": _sliced,
    **dict.fromkeys(["select", "narrow", "unbind"], _along),
    **dict.fromkeys(["chunk", "split", "split_with_sizes", "tensor_split"], _along),
    **dict.fromkeys(["flip", "roll", "index_select"], _along),
    "channel_shuffle": _shuffled,
    **dict.fromkeys(["pixel_shuffle", "pixel_unshuffle", "constant_pad_nd", "pad"], _whole),
    "cat": _concatenated,
    "stack": _stacked,
    "getitem": _picked,
    **{f"{kind}_pool{axes}d": _pooled for kind in ("max", "avg") for axes in _DIMENSIONS},
    **{f"adaptive_{kind}_pool{axes}d": _pooled for kind in ("max", "avg") for axes in _DIMENSIONS},
    **dict.fromkeys((f"upsample_nearest{axes}d" for axes in _DIMENSIONS), _pooled),
    **dict.fromkeys(["mean", "amax", "amin", "max", "min"], _reduced),
    "sum": _summed,
    **dict.fromkeys(["zeros", "zeros_like", "new_zeros"], _filled(0.0)),
    **dict.fromkeys(["ones", "ones_like", "new_ones"], _filled(1.0)),
}
"""Rule by kind of operation. The first of several results is meant where a rule knows of one only."""
