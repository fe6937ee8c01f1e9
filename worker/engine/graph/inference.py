"""Shapes of the commonest operations, said outright: torch takes up to a millisecond for each on the meta device.

Some of them (means, concatenation, broadcasting) would also load its compiler, which takes more than a second.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

_LIKE_THE_FIRST = frozenset(
    {
        "batch_norm", "instance_norm", "layer_norm", "group_norm", "dropout", "relu", "relu6", "leaky_relu",
        "elu", "gelu", "silu", "mish", "softplus", "hardtanh", "hardswish", "hardsigmoid", "sigmoid", "tanh",
        "clamp", "clamp_min", "clamp_max", "neg", "sqrt", "rsqrt", "exp", "abs", "square", "roll",
    }
)  # fmt: skip
"""The result has the shape and the type of a floating-point source."""
_MATRIX = 2
_OF_TWO = frozenset({"add", "sub", "rsub", "mul", "div", "maximum", "minimum"})
"""Joins two operands place by place."""
_CONVOLUTIONS = frozenset({"conv1d", "conv2d", "conv3d"})
_WINDOW: tuple[Any, ...] = ([1], [0], [1], 1)
"""What stride, padding, dilation and groups are where they are not given."""
_PICTURE = 2
"""Axes of a picture without channels."""
_POOLED = (3, 4)
"""Axes of pictures with channels, with and without a batch."""
_ATTENDED = 3
"""Queries, keys and values come first; a mask may follow."""


def infer(kind: str, args: tuple[Any, ...], kwargs: Mapping[str, Any] | None = None) -> Tensor | None:
    """The result of an operation on meta tensors, or None when torch has to be asked."""
    source = args[0] if args else None
    if kind == "cat" and isinstance(source, list) and not kwargs:
        return _joined(source, *args[1:])
    if not isinstance(source, Tensor) or not source.is_floating_point():
        return None
    if kind in _LIKE_THE_FIRST:
        return _empty(source.shape, source)
    if kind in _OF_TWO and len(args) > 1:
        return _pair(source, args[1])
    if kind == "scaled_dot_product_attention":
        return _attended(*args[:_ATTENDED]) if _has_no_mask(args, kwargs or {}) else None
    return None if kwargs else _by_position(kind, source, args)


def _by_position(kind: str, source: Tensor, args: tuple[Any, ...]) -> Tensor | None:
    """Operations whose arguments are all given by position."""
    if kind == "linear" and isinstance(args[1], Tensor) and source.dim() and args[1].dim() == _MATRIX:
        return _linear(source, args[1])
    if kind in _CONVOLUTIONS:
        return _convolution(source, *args[1:])
    if kind == "mean":
        return _mean(source, args[1:])
    if kind == "adaptive_avg_pool2d" and source.dim() in _POOLED and len(args[1]) == _PICTURE:
        return _empty((*source.shape[:-_PICTURE], *args[1]), source)
    return None


def _pair(left: Tensor, right: Any) -> Tensor | None:
    if isinstance(right, int | float):
        return _empty(left.shape, left)
    if not isinstance(right, Tensor) or right.dtype != left.dtype:
        return None
    longest = max(left.dim(), right.dim())
    sizes = [(1,) * (longest - side.dim()) + tuple(side.shape) for side in (left, right)]
    if any(one != other and 1 not in (one, other) for one, other in zip(*sizes, strict=True)):
        return None
    return _empty(tuple(other if one == 1 else one for one, other in zip(*sizes, strict=True)), left)


def _linear(source: Tensor, weight: Tensor) -> Tensor | None:
    """None where torch would refuse."""
    if source.size(-1) != weight.size(1) or source.dtype != weight.dtype:
        return None
    return _empty((*source.shape[:-1], weight.size(0)), source)


def _convolution(source: Tensor, weight: Any, bias: Any = None, *window: Any) -> Tensor | None:
    """None where torch would refuse, and for padding by name. `window`: stride, padding, dilation and groups."""
    count = source.dim() - 2
    if len(window) > len(_WINDOW):
        return None
    stride, padding, dilation, groups = (*window, *_WINDOW[len(window) :])
    if weight.dim() != source.dim() or weight.dtype != source.dtype or isinstance(padding, str):
        return None
    if groups < 1 or weight.size(1) * groups != source.size(1) or weight.size(0) % groups:
        return None
    if bias is not None and (bias.shape != weight.shape[:1] or bias.dtype != weight.dtype):
        return None
    steps, pads, gaps = (list(value) * (count if len(value) == 1 else 1) for value in (stride, padding, dilation))
    if any(len(values) != count for values in (steps, pads, gaps)) or min(*steps, *gaps, *weight.shape) < 1:
        return None
    sizes = [
        (size + 2 * pad - gap * (width - 1) - 1) // step + 1
        for size, width, step, pad, gap in zip(source.shape[2:], weight.shape[2:], steps, pads, gaps, strict=True)
    ]
    return _empty((source.size(0), weight.size(0), *sizes), source) if min(sizes) > 0 else None


def _mean(source: Tensor, options: Sequence[Any]) -> Tensor | None:
    """None where another type is asked for, or an axis is named twice or not there.

    `options`: the axes, whether they stay with size 1, the type; any may be missing.
    """
    axes, is_kept, dtype = (*options, None, None, None)[:3]
    named = range(source.dim()) if not axes else [axis % source.dim() for axis in axes if _holds(source, axis)]
    if dtype is not None or len(set(named)) < len(axes or ()):
        return None
    sizes = [1 if axis in named else size for axis, size in enumerate(source.shape) if is_kept or axis not in named]
    return _empty(tuple(sizes), source)


def _joined(parts: list[Any], axis: int = 0) -> Tensor | None:
    """None where they differ in type or off the axis."""
    first = parts[0] if parts else None
    if not isinstance(first, Tensor) or not first.is_floating_point() or not _holds(first, axis):
        return None
    place = axis % first.dim()
    before, after = first.shape[:place], first.shape[place + 1 :]
    for part in parts:
        if part.dim() != first.dim() or part.dtype != first.dtype:
            return None
        if part.shape[:place] != before or part.shape[place + 1 :] != after:
            return None
    return _empty((*before, sum(part.size(place) for part in parts), *after), first)


def _has_no_mask(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> bool:
    """Whether queries, keys and values are all that attention reads."""
    mask = args[_ATTENDED] if len(args) > _ATTENDED else kwargs.get("attn_mask")
    return len(args) >= _ATTENDED and mask is None


def _attended(queries: Tensor, keys: Any, values: Any) -> Tensor | None:
    """None where the three do not fit together as they are."""
    if not all(isinstance(other, Tensor) and other.dtype == queries.dtype for other in (keys, values)):
        return None
    if queries.dim() <= _MATRIX or queries.shape[:-2] != keys.shape[:-2] or keys.shape[:-1] != values.shape[:-1]:
        return None
    return _empty((*queries.shape[:-1], values.size(-1)), queries) if queries.size(-1) == keys.size(-1) else None


def _holds(tensor: Tensor, axis: int) -> bool:
    return -tensor.dim() <= axis < tensor.dim()


def _empty(shape: tuple[int, ...], like: Tensor) -> Tensor:
    return torch.empty(shape, dtype=like.dtype, device="meta")
