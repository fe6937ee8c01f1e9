"""The operations a network may consist of: an allow-list of pure aten operations and integer arithmetic on sizes."""

import operator
from collections.abc import Callable, Mapping
from typing import Any

import torch

_ATEN = {
    "convolutions": """
        conv1d.default conv1d.padding conv2d.default conv2d.padding conv3d.default conv3d.padding
        conv_transpose1d.default conv_transpose2d.input conv_transpose3d.input""",
    "products": """
        addmm.default baddbmm.default bmm.default einsum.default linear.default matmul.default mm.default""",
    "attention": "scaled_dot_product_attention.default",
    "embeddings": "embedding.default",
    "recurrent layers": "gru.input lstm.input rnn_relu.input rnn_tanh.input",
    "norms": """
        batch_norm.default group_norm.default instance_norm.default layer_norm.default rms_norm.default""",
    "dropout": """
        alpha_dropout.default dropout.default feature_alpha_dropout.default feature_dropout.default""",
    "activations": """
        celu.default elu.default gelu.default glu.default hardshrink.default hardsigmoid.default hardswish.default
        hardtanh.default leaky_relu.default log_sigmoid.default log_softmax.int mish.default prelu.default
        relu.default relu6.default selu.default sigmoid.default silu.default softmax.int softplus.default
        softshrink.default tanh.default threshold.default""",
    "pooling": """
        adaptive_avg_pool1d.default adaptive_avg_pool2d.default adaptive_avg_pool3d.default
        adaptive_max_pool1d.default adaptive_max_pool2d.default adaptive_max_pool3d.default avg_pool1d.default
        avg_pool2d.default avg_pool3d.default max_pool1d.default max_pool2d.default max_pool3d.default""",
    "resizing": """
        _upsample_bilinear2d_aa.vec _upsample_nearest_exact1d.vec _upsample_nearest_exact2d.vec
        _upsample_nearest_exact3d.vec upsample_bicubic2d.vec upsample_bilinear2d.vec upsample_linear1d.vec
        upsample_nearest1d.vec upsample_nearest2d.vec upsample_nearest3d.vec upsample_trilinear3d.vec""",
    "reductions": """
        amax.default amin.default any.default any.dim argmax.default cumprod.default cumsum.default
        linalg_vector_norm.default logsumexp.default max.default max.dim mean.default mean.dim min.default min.dim
        norm.ScalarOpt_dim prod.dim_int std.correction std.dim sum.default sum.dim_IntList topk.default var.correction
        var.dim var_mean.correction""",
    "arithmetic": """
        abs.default add.Scalar add.Tensor addcdiv.default addcmul.default ceil.default clamp.Tensor clamp.default
        clamp_max.default clamp_min.default cos.default div.Scalar div.Tensor div.Tensor_mode erf.default exp.default
        expm1.default floor.default floor_divide.default fmod.Scalar fmod.Tensor lerp.Scalar lerp.Tensor log.default
        log10.default log1p.default log2.default maximum.default minimum.default mul.Scalar mul.Tensor
        nan_to_num.default neg.default pow.Scalar pow.Tensor_Scalar pow.Tensor_Tensor reciprocal.default
        remainder.Scalar remainder.Tensor round.default rsqrt.default rsub.Scalar rsub.Tensor sign.default sin.default
        sqrt.default square.default sub.Scalar sub.Tensor tan.default trunc.default""",
    "choices": """
        bitwise_and.Scalar bitwise_and.Tensor bitwise_not.default bitwise_or.Scalar bitwise_or.Tensor
        bitwise_xor.Scalar bitwise_xor.Tensor eq.Scalar eq.Tensor ge.Scalar ge.Tensor gt.Scalar gt.Tensor
        isinf.default isnan.default le.Scalar le.Tensor logical_and.default logical_not.default logical_or.default
        logical_xor.default lt.Scalar lt.Tensor masked_fill.Scalar masked_fill.Tensor ne.Scalar ne.Tensor
        tril.default triu.default where.Scalar where.ScalarOther where.ScalarSelf where.self""",
    "views": """
        alias.default broadcast_to.default chunk.default clone.default contiguous.default detach.default
        diagonal.default expand.default expand_as.default flatten.using_ints flip.default movedim.int movedim.intlist
        narrow.default permute.default reshape.default reshape_as.default roll.default select.int slice.Tensor
        split.Tensor split_with_sizes.default squeeze.dim squeeze.dims t.default tensor_split.sections transpose.int
        unbind.int unflatten.int unfold.default unsqueeze.default view.default view_as.default""",
    "rearrangements": """
        cat.default channel_shuffle.default col2im.default constant_pad_nd.default gather.default im2col.default
        index.Tensor index_select.default pad.default pixel_shuffle.default pixel_unshuffle.default repeat.default
        repeat_interleave.self_int select_scatter.default slice_scatter.default stack.default tile.default""",
    "fills": """
        arange.default arange.start arange.start_step fill.Scalar fill.Tensor full.default full_like.default
        new_full.default new_ones.default new_zeros.default ones.default ones_like.default scalar_tensor.default
        zeros.default zeros_like.default""",
    "types and sizes": "_to_copy.default sym_size.int to.dtype type_as.default",
}


RECURRENT = frozenset(name.partition(".")[0] for name in _ATEN["recurrent layers"].split())
"""Kinds of the recurrent operations."""


def _resolve(name: str) -> Callable[..., Any]:
    packet, overload = name.split(".")
    resolved: Callable[..., Any] = getattr(getattr(torch.ops.aten, packet), overload)
    return resolved


OPERATIONS: Mapping[str, Callable[..., Any]] = {
    f"aten.{name}": _resolve(name) for names in _ATEN.values() for name in names.split()
} | {
    f"operator.{function.__name__}": function
    for function in (
        operator.add,
        operator.floordiv,
        operator.getitem,
        operator.mod,
        operator.mul,
        operator.neg,
        operator.sub,
    )
}
"""Callable by target name; whatever is not here is refused."""

FACTORIES = frozenset({"arange", "full", "ones", "scalar_tensor", "zeros"})
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
