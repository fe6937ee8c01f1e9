"""The operations a network may consist of: an allow-list of pure aten operations and integer arithmetic on sizes."""

import operator
from collections.abc import Callable, Mapping
from typing import Any

import torch

_ATEN = [
    "conv1d.default",
    "conv1d.padding",
    "conv2d.default",
    "conv2d.padding",
    "linear.default",
    "batch_norm.default",
    "dropout.default",
    "relu.default",
    "relu6.default",
    "leaky_relu.default",
    "elu.default",
    "gelu.default",
    "silu.default",
    "mish.default",
    "softplus.default",
    "hardtanh.default",
    "hardswish.default",
    "hardsigmoid.default",
    "sigmoid.default",
    "tanh.default",
    "softmax.int",
    "log_softmax.int",
    "clamp.default",
    "max_pool1d.default",
    "max_pool2d.default",
    "avg_pool1d.default",
    "avg_pool2d.default",
    "adaptive_avg_pool1d.default",
    "adaptive_avg_pool2d.default",
    "adaptive_max_pool2d.default",
    "mean.default",
    "mean.dim",
    "sum.dim_IntList",
    "amax.default",
    "add.Tensor",
    "add.Scalar",
    "sub.Tensor",
    "sub.Scalar",
    "rsub.Scalar",
    "mul.Tensor",
    "mul.Scalar",
    "div.Tensor",
    "div.Scalar",
    "neg.default",
    "pow.Tensor_Scalar",
    "sqrt.default",
    "rsqrt.default",
    "exp.default",
    "abs.default",
    "maximum.default",
    "minimum.default",
    "view.default",
    "reshape.default",
    "flatten.using_ints",
    "unflatten.int",
    "permute.default",
    "transpose.int",
    "t.default",
    "squeeze.dim",
    "squeeze.dims",
    "unsqueeze.default",
    "expand.default",
    "contiguous.default",
    "alias.default",
    "detach.default",
    "clone.default",
    "slice.Tensor",
    "select.int",
    "narrow.default",
    "flip.default",
    "split.Tensor",
    "split_with_sizes.default",
    "chunk.default",
    "cat.default",
    "stack.default",
    "pad.default",
    "constant_pad_nd.default",
    "layer_norm.default",
    "group_norm.default",
    "matmul.default",
    "bmm.default",
    "upsample_nearest2d.vec",
    "to.dtype",
    "_to_copy.default",
    "sym_size.int",
]


def _resolve(name: str) -> Callable[..., Any]:
    packet, overload = name.split(".")
    resolved: Callable[..., Any] = getattr(getattr(torch.ops.aten, packet), overload)
    return resolved


OPERATIONS: Mapping[str, Callable[..., Any]] = {f"aten.{name}": _resolve(name) for name in _ATEN} | {
    "operator.getitem": operator.getitem,
    "operator.mul": operator.mul,
    "operator.add": operator.add,
    "operator.sub": operator.sub,
    "operator.floordiv": operator.floordiv,
}
"""Callable by target name; whatever is not here is refused."""

FACTORIES = frozenset({"arange", "eye", "full", "ones", "zeros"})
"""Kinds of operations that make a tensor of nothing, and so have to be told the device."""

TARGET_NAMES: Mapping[Callable[..., Any], str] = {function: name for name, function in OPERATIONS.items()}


def kind(target: str) -> str:
    """Name of an operation without namespace and overload: `aten.conv2d.default` is `conv2d`."""
    return target.split(".")[1]


def bind(target: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments by the operation's own parameter names, defaults filled in.

    Raises `TypeError` when an argument is missing or unknown.
    """
    schema = getattr(OPERATIONS[target], "_schema", None)
    if schema is None:
        return {str(position): value for position, value in enumerate(args)}
    names = [argument.name for argument in schema.arguments]
    if len(args) > len(names) or set(kwargs) - set(names):
        raise TypeError(f"{target} does not take these arguments")
    bound = dict(zip(names, args, strict=False)) | dict(kwargs)
    for argument in schema.arguments:
        if argument.name not in bound:
            if not argument.has_default_value():
                raise TypeError(f"{target} misses its argument `{argument.name}`")
            bound[argument.name] = argument.default_value
    return bound
