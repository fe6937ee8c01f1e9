"""Shapes of the commonest operations, said outright: torch takes up to a millisecond for each on the meta device.

Some of them (means, concatenation, broadcasting) would also load its compiler, which takes more than a second.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

_LIKE_THE_FIRST = frozenset(
    {
        "dropout", "relu", "relu6", "leaky_relu", "elu", "gelu", "silu", "mish", "softplus", "hardtanh", "hardswish",
        "hardsigmoid", "sigmoid", "tanh", "clamp", "clamp_min", "clamp_max", "neg", "sqrt", "rsqrt", "exp", "abs",
        "square",
    }
)  # fmt: skip
"""The result has the shape and the type of a floating-point source, whatever the numbers beside it."""
_NORMS = frozenset({"batch_norm", "instance_norm", "layer_norm", "group_norm"})
_VECTORS = slice(1, 5)
"""Arguments of batch and instance norm that hold a number for every channel, or nothing."""
_SCALE_AND_SHIFT = slice(2, 4)
"""The like of layer and group norm."""
_MATRIX = 2
_OF_TWO = frozenset({"add", "sub", "rsub", "mul", "div", "maximum", "minimum"})
"""Joins two operands place by place."""
_CONVOLUTIONS = frozenset({"conv1d", "conv2d", "conv3d"})
_WINDOW: tuple[Any, ...] = ([1], [0], [1], 1)
"""What stride, padding, dilation and groups are where they are not given."""
_DILATION = 4
"""Place of the argument of max pooling."""
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
        return None if any(isinstance(value, Tensor) for value in args[1:]) else _empty(source.shape, source)
    if kind in _OF_TWO and len(args) > 1:
        return _pair(source, args[1])
    if kind == "scaled_dot_product_attention":
        return _attended(*args[:_ATTENDED]) if _has_no_mask(args, kwargs or {}) else None
    return None if kwargs else _by_position(kind, source, args)


def _by_position(kind: str, source: Tensor, args: tuple[Any, ...]) -> Tensor | None:
    """Operations whose arguments are all given by position."""
    if kind in _NORMS:
        return _empty(source.shape, source) if _fits(kind, source, args) else None
    if kind == "linear":
        return _linear(source, *args[1:])
    if kind in _CONVOLUTIONS:
        return _convolution(source, *args[1:])
    if kind == "max_pool2d" and not any(args[5:]):
        return _pooled(source, args[1], args[2:4], args[4] if len(args) > _DILATION else [1])
    if kind == "avg_pool2d" and not any(args[4:5]):
        return _pooled(source, args[1], args[2:4], [1])
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


def _fits(kind: str, source: Tensor, args: tuple[Any, ...]) -> bool:
    """Whether a norm's vectors have the sizes of what it normalizes."""
    if source.dim() < _MATRIX:
        return False
    expected, vectors = source.shape[1:2], args[_SCALE_AND_SHIFT]
    if kind == "layer_norm":
        expected = torch.Size(args[1])
        if not expected or source.shape[-len(expected) :] != expected:
            return False
    elif kind == "group_norm":
        if args[1] < 1 or source.size(1) % args[1]:
            return False
    else:
        vectors = args[_VECTORS]
    return all(value is None or _is_like(value, expected, source) for value in vectors)


def _is_like(value: Any, shape: torch.Size, source: Tensor) -> bool:
    return isinstance(value, Tensor) and value.shape == shape and value.dtype == source.dtype


def _linear(source: Tensor, weight: Any, bias: Any = None) -> Tensor | None:
    """None where torch would refuse."""
    if not isinstance(weight, Tensor) or weight.dim() != _MATRIX or not source.dim():
        return None
    if source.size(-1) != weight.size(1) or source.dtype != weight.dtype:
        return None
    if bias is not None and not _is_like(bias, weight.shape[:1], source):
        return None
    return _empty((*source.shape[:-1], weight.size(0)), source)


def _convolution(source: Tensor, weight: Any, bias: Any = None, *window: Any) -> Tensor | None:
    """None where torch would refuse, and for padding by name. `window`: stride, padding, dilation and groups."""
    if len(window) > len(_WINDOW):
        return None
    stride, padding, dilation, groups = (*window, *_WINDOW[len(window) :])
    if not isinstance(weight, Tensor) or weight.dim() != source.dim() or weight.dtype != source.dtype:
        return None
    if groups < 1 or weight.size(1) * groups != source.size(1) or weight.size(0) % groups:
        return None
    if isinstance(padding, str) or (bias is not None and not _is_like(bias, weight.shape[:1], source)):
        return None
    sizes = _slid(source.shape[2:], weight.shape[2:], (stride, padding, dilation)) if weight.numel() else None
    return None if sizes is None else _empty((source.size(0), weight.size(0), *sizes), source)


def _pooled(source: Tensor, kernel: Any, options: Sequence[Any], gap: Any) -> Tensor | None:
    """None where torch would refuse. `options`: stride (empty for the window's own) and padding."""
    stride: list[int] = options[0] if options else []
    padding: list[int] = options[1] if len(options) > 1 else [0]
    count = source.dim() - _PICTURE
    window = _spread(kernel, _PICTURE)
    if count not in (1, _PICTURE) or window is None or any(2 * pad > min(window) for pad in padding):
        return None
    sizes = _slid(source.shape[count:], window, (stride or window, padding, gap)) if source.numel() else None
    return None if sizes is None else _empty((*source.shape[:count], *sizes), source)


def _slid(sizes: Sequence[int], window: Sequence[int], moves: tuple[Any, Any, Any]) -> list[int] | None:
    """How often a window fits along every axis; None when it does not. `moves`: stride, padding, dilation."""
    steps, pads, gaps = (_spread(values, len(sizes)) for values in moves)
    if not (steps and pads and gaps) or min(*steps, *gaps, *window) < 1 or min(pads) < 0:
        return None
    fits = [
        (size + 2 * pad - gap * (width - 1) - 1) // step + 1
        for size, width, step, pad, gap in zip(sizes, window, steps, pads, gaps, strict=True)
    ]
    return fits if min(fits) > 0 else None


def _spread(values: Any, count: int) -> list[int] | None:
    """A number for every axis; None when there are too many or too few."""
    given = list(values) * (count if len(values) == 1 else 1)
    return given if len(given) == count else None


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
        if not isinstance(part, Tensor) or part.dim() != first.dim() or part.dtype != first.dtype:
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
