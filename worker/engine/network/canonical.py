"""One spelling for operations that say the same: identities, moves between devices, decomposed layers, training.

A `view` becomes a `reshape`, which computes the same and asks for no memory format.
"""

import operator
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import fx

_ATEN = torch.ops.aten
_Rewrite = Callable[[fx.Node, dict[str, Any]], fx.Node | None]
IGNORED_KEYWORDS = frozenset(
    {"layout", "device", "pin_memory", "memory_format", "non_blocking", "copy", "cudnn_enable", "cudnn_enabled"}
)
"""Parameters of operations that do not change what is computed."""
CHECKS = frozenset(
    {
        "aten._assert_async.msg",
        "aten._assert_scalar.default",
        "aten._assert_tensor_metadata.default",
        "aten.sym_constrain_range.default",
        "aten.sym_constrain_range_for_size.default",
    }
)
"""Operations that compute nothing: they check what the traced example satisfied."""


def canonicalize(graph: fx.Graph) -> None:
    """Rewrite the nodes of `graph` in place, and drop checks and what nobody reads."""
    for node in list(graph.nodes):
        if node.op != "call_function":
            continue
        if str(node.target) in CHECKS:
            graph.erase_node(node)
            continue
        rewrite = _REWRITES.get(str(node.target))
        if rewrite is None:
            continue
        bound = bound_arguments(node)
        with graph.inserting_before(node):
            new = rewrite(node, bound)
        if new is not None:
            if new not in bound.values():
                new.meta = dict(node.meta)
            node.replace_all_uses_with(new)
            graph.erase_node(node)


def bound_arguments(node: fx.Node) -> dict[str, Any]:
    """Arguments of an aten node by the operation's own parameter names, defaults filled in."""
    arguments = node.target._schema.arguments  # type: ignore[union-attr]  # an aten operation
    given = dict(zip((argument.name for argument in arguments), node.args, strict=False)) | dict(node.kwargs)
    return {argument.name: given.get(argument.name, argument.default_value) for argument in arguments}


def _identity(_node: fx.Node, bound: dict[str, Any]) -> fx.Node | None:
    """The first argument itself."""
    first = next(iter(bound.values()))
    return first if isinstance(first, fx.Node) else None


def _cast(node: fx.Node, bound: dict[str, Any]) -> fx.Node | None:
    """A move to a device or a type is a cast at most."""
    dtype = bound.get("dtype")
    if dtype is None:
        return _identity(node, bound)
    return node.graph.call_function(_ATEN.to.dtype, (bound["self"], dtype))


def _copy(node: fx.Node, bound: dict[str, Any]) -> fx.Node | None:
    """What is copied over a value takes its size and type."""
    spread = node.graph.call_function(_ATEN.expand_as.default, (bound["src"], bound["self"]))
    return node.graph.call_function(_ATEN.type_as.default, (spread, bound["self"]))


def _fill(target: Any) -> _Rewrite:
    """A fill whose size follows the batch is made where the batch is, whatever device that is."""

    def rewrite(node: fx.Node, bound: dict[str, Any]) -> fx.Node | None:
        source = next((size for size in bound["size"] if isinstance(size, fx.Node)), None)
        while source is not None and str(source.target) != "aten.sym_size.int":
            source = next(iter(source.all_input_nodes), None)
        if source is None:
            return None
        value = bound.get("fill_value")
        dtype = bound["dtype"] or (torch.float32 if value is None else torch.tensor(value).dtype)
        given = (source.args[0], bound["size"], *(() if value is None else (value,)))
        return node.graph.call_function(target, given, {"dtype": dtype})

    return rewrite


def _clone(node: fx.Node, bound: dict[str, Any]) -> fx.Node | None:
    if bound["memory_format"] is torch.contiguous_format:
        return node.graph.call_function(_ATEN.contiguous.default, (bound["self"],))
    return _identity(node, bound)


def _to(target: Any, *names: str, **options: Any) -> _Rewrite:
    """Another operation with some of the arguments, in order."""
    return lambda node, bound: node.graph.call_function(target, (*(bound[name] for name in names),), dict(options))


def _switched_off(name: str, *, needs: str = "") -> _Rewrite:
    """The operation with a flag off, as it is in evaluation; raising brings training back."""

    def rewrite(node: fx.Node, bound: dict[str, Any]) -> fx.Node | None:
        if not bound[name] or (needs and bound[needs] is None):
            return None
        target: Any = node.target
        return node.graph.call_function(target, tuple((bound | {name: False}).values()))

    return rewrite


def _first_of(make: _Rewrite) -> _Rewrite:
    """For an operation that returns more than the layer it stands for: the layer, where only its result is read."""

    def rewrite(node: fx.Node, bound: dict[str, Any]) -> fx.Node | None:
        for user in [user for user in node.users if user.target is operator.getitem and not user.users]:
            node.graph.erase_node(user)
        if any(user.target is not operator.getitem or user.args[1] != 0 for user in node.users):
            return None
        new = make(node, bound)
        if new is not None:
            new.meta = dict(node.meta)
            for user in list(node.users):
                user.replace_all_uses_with(new)
                node.graph.erase_node(user)
        return new

    return rewrite


def _convolution(node: fx.Node, bound: dict[str, Any]) -> fx.Node | None:
    """`convolution` says which one it is by its weight and a flag."""
    axes = len(bound["stride"])
    options = (bound["stride"], bound["padding"])
    given = (bound["input"], bound["weight"], bound["bias"])
    if not bound["transposed"]:
        target: Any = getattr(_ATEN, f"conv{axes}d").default
        return node.graph.call_function(target, (*given, *options, bound["dilation"], bound["groups"]))
    packet = getattr(_ATEN, f"conv_transpose{axes}d")
    target = packet.default if axes == 1 else packet.input
    rest = (bound["output_padding"], bound["groups"], bound["dilation"])
    return node.graph.call_function(target, (*given, *options, *rest))


def _batch_norm(node: fx.Node, bound: dict[str, Any]) -> fx.Node | None:
    if bound.get("running_mean") is None:
        return None
    tensors = tuple(bound[name] for name in ("input", "weight", "bias", "running_mean", "running_var"))
    return node.graph.call_function(_ATEN.batch_norm.default, (*tensors, False, bound["momentum"], bound["eps"], False))


def _batch_norm_of_batch(node: fx.Node, bound: dict[str, Any]) -> fx.Node | None:
    """A norm by the batch's own statistics, in both modes."""
    tensors = (bound["input"], bound["weight"], bound["bias"], None, None, True)
    return node.graph.call_function(_ATEN.batch_norm.default, (*tensors, bound["momentum"], bound["eps"], False))


def _dropout(node: fx.Node, bound: dict[str, Any]) -> fx.Node | None:
    return node.graph.call_function(_ATEN.dropout.default, (bound["input"], bound["p"], False))


def _linear(node: fx.Node, bound: dict[str, Any]) -> fx.Node | None:
    """`addmm(bias, x, weight.t())` and `mm(x, weight.t())`: a linear layer as decompositions spell it."""
    weight = bound["mat2"]
    is_turned = isinstance(weight, fx.Node) and str(weight.target) in ("aten.t.default", "aten.permute.default")
    source = weight.args[0] if is_turned else None
    if not isinstance(source, fx.Node) or source.op != "placeholder":
        return None
    if bound.get("beta", 1) != 1 or bound.get("alpha", 1) != 1:
        return None
    bias = bound["self"] if "mat1" in bound else None
    features = bound["mat1"] if "mat1" in bound else bound["self"]
    return node.graph.call_function(_ATEN.linear.default, (features, source, bias))


def _unless(name: str, make: _Rewrite) -> _Rewrite:
    return lambda node, bound: None if bound[name] else make(node, bound)


_FLASH = _first_of(
    lambda node, bound: node.graph.call_function(
        _ATEN.scaled_dot_product_attention.default,
        (bound["query"], bound["key"], bound["value"], bound.get("attn_mask"), bound["dropout_p"], bound["is_causal"]),
        {"scale": bound["scale"]},
    )
)
_STATISTICS = _first_of(_batch_norm)
_IDENTITIES = (
    "aten.alias.default",
    "aten.detach.default",
    "aten.detach_.default",
    "aten.lift_fresh.default",
    "aten.lift_fresh_copy.default",
)
_REWRITES: Mapping[str, _Rewrite] = {
    **dict.fromkeys(_IDENTITIES, _identity),
    **{f"aten.to.{overload}": _cast for overload in ("device", "dtype", "dtype_layout", "prim_dtype")},
    "aten._to_copy.default": _cast,
    "aten.zeros.default": _fill(_ATEN.new_zeros.default),
    "aten.ones.default": _fill(_ATEN.new_ones.default),
    "aten.full.default": _fill(_ATEN.new_full.default),
    "aten.clone.default": _clone,
    "aten.copy.default": _copy,
    "aten.dropout.default": _switched_off("train"),
    "aten.feature_dropout.default": _switched_off("train"),
    "aten.alpha_dropout.default": _switched_off("train"),
    "aten.feature_alpha_dropout.default": _switched_off("train"),
    "aten.lstm.input": _switched_off("train"),
    "aten.gru.input": _switched_off("train"),
    "aten.rnn_tanh.input": _switched_off("train"),
    "aten.rnn_relu.input": _switched_off("train"),
    "aten.batch_norm.default": _switched_off("training", needs="running_mean"),
    "aten.instance_norm.default": _switched_off("use_input_stats", needs="running_mean"),
    "aten.native_dropout.default": _first_of(_dropout),
    "aten.convolution.default": _convolution,
    "aten.native_batch_norm.default": _STATISTICS,
    "aten._native_batch_norm_legit.default": _STATISTICS,
    "aten._native_batch_norm_legit_no_training.default": _STATISTICS,
    "aten._native_batch_norm_legit_functional.default": _STATISTICS,
    "aten._native_batch_norm_legit.no_stats": _first_of(_batch_norm_of_batch),
    "aten.native_layer_norm.default": _first_of(
        _to(_ATEN.layer_norm.default, "input", "normalized_shape", "weight", "bias", "eps")
    ),
    "aten.native_group_norm.default": _first_of(
        _to(_ATEN.group_norm.default, "input", "group", "weight", "bias", "eps")
    ),
    "aten._fused_rms_norm.default": _first_of(
        _to(_ATEN.rms_norm.default, "input", "normalized_shape", "weight", "eps")
    ),
    "aten.addmm.default": _linear,
    "aten.mm.default": _linear,
    "aten._softmax.default": _unless("half_to_float", _to(_ATEN.softmax.int, "self", "dim")),
    "aten._log_softmax.default": _unless("half_to_float", _to(_ATEN.log_softmax.int, "self", "dim")),
    "aten._adaptive_avg_pool2d.default": _to(_ATEN.adaptive_avg_pool2d.default, "self", "output_size"),
    "aten._adaptive_avg_pool3d.default": _to(_ATEN.adaptive_avg_pool3d.default, "self", "output_size"),
    **{
        f"aten.max_pool{axes}d_with_indices.default": _first_of(
            _to(
                getattr(_ATEN, f"max_pool{axes}d").default,
                *("self", "kernel_size", "stride", "padding", "dilation", "ceil_mode"),
            )
        )
        for axes in (2, 3)
    },
    "aten._unsafe_view.default": _to(_ATEN.reshape.default, "self", "size"),
    "aten.view.default": _to(_ATEN.reshape.default, "self", "size"),
    "aten.view_as.default": _to(_ATEN.reshape_as.default, "self", "other"),
    "aten.swapaxes.default": _to(_ATEN.transpose.int, "self", "axis0", "axis1"),
    "aten.swapdims.default": _to(_ATEN.transpose.int, "self", "dim0", "dim1"),
    **{
        f"aten.__{name}__.{overload}": _to(getattr(getattr(_ATEN, f"bitwise_{name}"), overload), "self", "other")
        for name in ("and", "or", "xor")
        for overload in ("Scalar", "Tensor")
    },
    "aten.concat.default": _to(_ATEN.cat.default, "tensors", "dim"),
    "aten._scaled_dot_product_flash_attention_for_cpu.default": _FLASH,
}
"""How to rewrite an operation, by name; a rewrite that returns None leaves it."""
