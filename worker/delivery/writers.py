"""Pretty spellings of operations, by their kind."""

from collections.abc import Callable, Mapping
from typing import Any

from worker.delivery.values import literal

Bound = Mapping[str, Any]
_END = 2**62
"""Ends beyond this mean "to the end"."""


def _call(name: str, *keys: str) -> Callable[[Bound], str]:
    """A function of some arguments, in order."""
    return lambda bound: f"{name}({', '.join(literal(bound[key]) for key in keys)})"


def _method(name: str, *keys: str) -> Callable[[Bound], str]:
    """A method of the first argument."""

    def write(bound: Bound) -> str:
        return f"{literal(bound['self'])}.{name}({', '.join(literal(bound[key]) for key in keys)})"

    return write


def _infix(symbol: str) -> Callable[[Bound], str | None]:
    """A binary operator; None when aten's scaling factor is in use."""

    def write(bound: Bound) -> str | None:
        if bound.get("alpha", 1) != 1 or bound.get("rounding_mode") is not None:
            return None
        return f"{literal(bound['self'])} {symbol} {literal(bound['other'])}"

    return write


def _pool(name: str) -> Callable[[Bound], str | None]:
    """Max or average pooling; None when rarer options are in use."""

    def write(bound: Bound) -> str | None:
        kernel, stride = _short(bound["kernel_size"]), _short(bound["stride"] or bound["kernel_size"])
        options = f", stride={literal(stride)}" if stride != kernel else ""
        if bound["padding"] and any(_listed(bound["padding"])):
            options += f", padding={literal(_short(bound['padding']))}"
        is_rare = bound["ceil_mode"] or not bound.get("count_include_pad", True) or bound.get("divisor_override")
        if is_rare or any(step != 1 for step in _listed(bound.get("dilation", 1))):
            return None
        return f"{name}({literal(bound['self'])}, {literal(kernel)}{options})"

    return write


def _listed(sizes: list[int] | int) -> list[int]:
    return sizes if isinstance(sizes, list) else [sizes]


def _short(sizes: list[int] | int) -> list[int] | int:
    """One number where all axes agree."""
    return sizes[0] if isinstance(sizes, list) and len(set(sizes)) == 1 else sizes


def _adaptive(name: str) -> Callable[[Bound], str]:
    return lambda bound: f"{name}({literal(bound['self'])}, {literal(_short(bound['output_size']))})"


def _slice(bound: Bound) -> str | None:
    """Indexing; the value itself when nothing is cut."""
    if bound["dim"] < 0:
        return None
    start, end = bound["start"] or 0, bound["end"]
    stop = "" if end is None or (isinstance(end, int) and end > _END) else literal(end)
    first = literal(start) if start != 0 else ""
    if not first and not stop and bound["step"] == 1:
        return literal(bound["self"])
    step = f":{bound['step']}" if bound["step"] != 1 else ""
    return f"{literal(bound['self'])}[{':, ' * bound['dim']}{first}:{stop}{step}]"


def _pad(bound: Bound) -> str | None:
    if bound.get("mode", "constant") != "constant":
        return None
    value = f", value={literal(bound['value'])}" if bound["value"] else ""
    return f"F.pad({literal(bound['self'])}, {literal(bound['pad'])}{value})"


def _flatten(bound: Bound) -> str:
    end = f", {bound['end_dim']}" if bound["end_dim"] != -1 else ""
    return f"torch.flatten({literal(bound['self'])}, {bound['start_dim']}{end})"


def _mean(bound: Bound) -> str | None:
    if bound.get("dtype") is not None:
        return None
    keep = ", keepdim=True" if bound.get("keepdim") else ""
    dim = f", {literal(bound['dim'])}" if bound.get("dim") is not None else ""
    return f"torch.mean({literal(bound['self'])}{dim}{keep})"


def _concatenate(bound: Bound) -> str:
    return f"torch.cat({literal(bound['tensors'])}, {bound['dim']})"


def _select(bound: Bound) -> str | None:
    """One place along an axis."""
    if bound["dim"] < 0 or not isinstance(bound["index"], int):
        return None
    return f"{literal(bound['self'])}[{':, ' * bound['dim']}{bound['index']}]"


def _index(bound: Bound) -> str:
    """Indexing by tensors."""
    places = [":" if item is None else literal(item) for item in bound["indices"]]
    return f"{literal(bound['self'])}[{', '.join(places)}]"


def _linear(bound: Bound) -> str:
    names = ("input", "weight") if bound["bias"] is None else ("input", "weight", "bias")
    return f"F.linear({', '.join(literal(bound[name]) for name in names)})"


def _gelu(bound: Bound) -> str:
    rest = "" if bound["approximate"] == "none" else f", approximate={bound['approximate']!r}"
    return f"F.gelu({literal(bound['self'])}{rest})"


def _softmax(name: str) -> Callable[[Bound], str | None]:
    def write(bound: Bound) -> str | None:
        return None if bound["dtype"] is not None else f"F.{name}({literal(bound['self'])}, {bound['dim']})"

    return write


def _new(name: str) -> Callable[[Bound], str]:
    """A fill of a size, on the device of a value."""

    def write(bound: Bound) -> str:
        dtype = f", dtype={literal(bound['dtype'])}" if bound["dtype"] is not None else ""
        return f"{literal(bound['self'])}.{name}({literal(bound['size'])}{dtype})"

    return write


def _power(bound: Bound) -> str:
    return f"{literal(bound['self'])} ** {literal(bound['exponent'])}"


def _cast(bound: Bound) -> str:
    return f"{literal(bound['self'])}.to({literal(bound['dtype'])})"


def _attention(bound: Bound) -> str | None:
    """Attention without dropout."""
    if bound["dropout_p"]:
        return None
    defaults = {"attn_mask": None, "is_causal": False, "scale": None, "enable_gqa": False}
    parts = [literal(bound[name]) for name in ("query", "key", "value")]
    parts += [f"{key}={literal(bound[key])}" for key, default in defaults.items() if bound[key] is not default]
    return f"F.scaled_dot_product_attention({', '.join(parts)})"


def _norm(name: str, *keys: str) -> Callable[[Bound], str]:
    """A norm whose parameters belong to no layer."""

    def write(bound: Bound) -> str:
        parts = [f"{key}={literal(bound[key])}" for key in ("weight", "bias") if bound.get(key) is not None]
        given = [literal(bound["input"]), *(literal(bound[key]) for key in keys), *parts]
        given.append(f"eps={literal(bound['eps'])}")
        return f"F.{name}({', '.join(given)})"

    return write


def _einsum(bound: Bound) -> str | None:
    """A sum over indices; None when a path was prescribed."""
    if bound["path"] is not None:
        return None
    return f"torch.einsum({literal(bound['equation'])}, {', '.join(map(literal, bound['tensors']))})"


def _embedding(bound: Bound) -> str:
    """A lookup in a table that belongs to no layer of its own."""
    padding = f", padding_idx={bound['padding_idx']}" if bound["padding_idx"] >= 0 else ""
    return f"F.embedding({literal(bound['indices'])}, {literal(bound['weight'])}{padding})"


def _split(bound: Bound) -> str:
    return f"torch.split({literal(bound['self'])}, {literal(bound['split_sizes'])}, {bound['dim']})"


_SAME_IN_TORCH = """
    addcdiv addcmul addmm amax amin argmax baddbmm bitwise_and bitwise_not bitwise_or bitwise_xor bmm ceil
    channel_shuffle chunk clamp clamp_max clamp_min cumprod cumsum diagonal eq erf expm1 flip floor floor_divide
    full full_like gather ge gt index_select isinf isnan le lerp log log10 log1p log2 logical_and logical_not logical_or
    logical_xor logsumexp lt masked_fill max maximum min minimum mm movedim nan_to_num narrow ne ones ones_like
    pixel_shuffle pixel_unshuffle prod reciprocal remainder repeat_interleave roll round rsub select_scatter
    sign slice_scatter split square squeeze stack std sum tensor_split tile topk tril triu trunc unbind
    unsqueeze var var_mean where zeros zeros_like
"""
SAME_IN_TORCH = frozenset(_SAME_IN_TORCH.split())
"""Operations that torch offers under the same name, with the same parameters in the same order."""


def _elu(bound: Bound) -> str | None:
    if (bound["scale"], bound["input_scale"]) != (1, 1):
        return None
    return f"F.elu({literal(bound['self'])}, {literal(bound['alpha'])})"


def _interpolate(mode: str) -> Callable[[Bound], str]:
    """Resizing to a size, or by factors."""

    def write(bound: Bound) -> str:
        size, factors = bound["output_size"], bound["scale_factors"]
        target = f"scale_factor={literal(_short(factors))}" if size is None else f"size={literal(size)}"
        corners = f", align_corners={bound['align_corners']}" if "align_corners" in bound else ""
        return f"F.interpolate({literal(bound['input'])}, {target}, mode={mode!r}{corners})"

    return write


_MODES = {
    "upsample_nearest1d": "nearest",
    "upsample_nearest2d": "nearest",
    "upsample_nearest3d": "nearest",
    "upsample_linear1d": "linear",
    "upsample_bilinear2d": "bilinear",
    "upsample_bicubic2d": "bicubic",
    "upsample_trilinear3d": "trilinear",
}
WRITERS: Mapping[str, Callable[[Bound], str | None]] = {
    **{name: _call(f"F.{name}", "self") for name in ("relu", "relu6", "silu", "mish", "hardswish", "hardsigmoid")},
    **{name: _call(f"torch.{name}", "self") for name in ("sigmoid", "tanh", "exp", "abs", "sqrt", "rsqrt")},
    **{name: _call(f"torch.{name}", "self") for name in ("cos", "sin", "tan")},
    **{name: _softmax(name) for name in ("softmax", "log_softmax")},
    **{name: _method(name, "other") for name in ("expand_as", "reshape_as", "type_as")},
    **{name: _new(name) for name in ("new_zeros", "new_ones")},
    "expand": _method("expand", "size"),
    **{name: _method(name) for name in ("contiguous", "neg", "t")},
    "add": _infix("+"),
    "sub": _infix("-"),
    "mul": _infix("*"),
    "div": _infix("/"),
    **{f"max_pool{axes}d": _pool(f"F.max_pool{axes}d") for axes in (1, 2, 3)},
    **{f"avg_pool{axes}d": _pool(f"F.avg_pool{axes}d") for axes in (1, 2, 3)},
    **{f"adaptive_avg_pool{axes}d": _adaptive(f"F.adaptive_avg_pool{axes}d") for axes in (1, 2, 3)},
    **{name: _interpolate(mode) for name, mode in _MODES.items()},
    "flatten": _flatten,
    "view": _method("reshape", "size"),
    "reshape": _method("reshape", "shape"),
    "permute": _method("permute", "dims"),
    "transpose": _method("transpose", "dim0", "dim1"),
    "slice": _slice,
    "pad": _pad,
    "mean": _mean,
    "cat": _concatenate,
    "einsum": _einsum,
    "elu": _elu,
    "embedding": _embedding,
    "gelu": _gelu,
    "glu": _call("F.glu", "self", "dim"),
    "group_norm": _norm("group_norm", "num_groups"),
    "index": _index,
    "hardtanh": _call("F.hardtanh", "self", "min_val", "max_val"),
    "layer_norm": _norm("layer_norm", "normalized_shape"),
    "leaky_relu": _call("F.leaky_relu", "self", "negative_slope"),
    "linear": _linear,
    "matmul": _infix("@"),
    "pow": _power,
    "prelu": _call("F.prelu", "self", "weight"),
    "repeat": _method("repeat", "repeats"),
    "rms_norm": _norm("rms_norm", "normalized_shape"),
    "scaled_dot_product_attention": _attention,
    "select": _select,
    "softplus": _call("F.softplus", "self", "beta", "threshold"),
    "split_with_sizes": _split,
    "sym_size": _method("size", "dim"),
    "to": _cast,
    "unflatten": _method("unflatten", "dim", "sizes"),
}
"""Writer by kind of operation; one that returns None leaves the operation to its aten name."""
