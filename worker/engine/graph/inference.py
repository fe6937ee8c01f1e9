"""Shapes of the commonest operations, said outright: torch takes up to a millisecond for each on the meta device."""

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


def infer(kind: str, args: tuple[Any, ...]) -> Tensor | None:
    """The result of an operation on meta tensors, or None when torch has to be asked."""
    source = args[0] if args else None
    if not isinstance(source, Tensor) or not source.is_floating_point():
        return None
    if kind in _LIKE_THE_FIRST:
        return _empty(source.shape, source)
    if kind in _OF_TWO and len(args) > 1:
        return _pair(source, args[1])
    if kind == "linear" and isinstance(args[1], Tensor) and source.dim() and args[1].dim() == _MATRIX:
        return _linear(source, args[1])
    return None


def _pair(left: Tensor, right: Any) -> Tensor | None:
    if isinstance(right, int | float):
        return _empty(left.shape, left)
    is_alike = isinstance(right, Tensor) and right.shape == left.shape and right.dtype == left.dtype
    return _empty(left.shape, left) if is_alike else None


def _linear(source: Tensor, weight: Tensor) -> Tensor | None:
    """None where torch would refuse."""
    if source.size(-1) != weight.size(1) or source.dtype != weight.dtype:
        return None
    return _empty((*source.shape[:-1], weight.size(0)), source)


def _empty(shape: tuple[int, ...], like: Tensor) -> Tensor:
    return torch.empty(shape, dtype=like.dtype, device="meta")
