"""How one operation is written in plain PyTorch."""

from collections.abc import Callable, Mapping
from typing import Any

import torch

from worker.engine.graph import Node
from worker.engine.graph.operations import bind, kind

Bound = Mapping[str, Any]
_END = 2**62
"""Ends beyond this mean "to the end"."""


class Code(str):
    """Source code of a value, as opposed to a string argument."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def expression(node: Node, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
    """Source code of a node's result; references among the arguments come as `Code`."""
    writer = _WRITERS.get(kind(node.target))
    if node.target.startswith("operator."):
        return _operator(node.target, args)
    text = writer(bind(node.target, args, kwargs)) if writer else None
    return text if text is not None else _plain(node.target, args, kwargs)


def literal(value: Any) -> str:
    """Source code of an argument."""
    if isinstance(value, Code):
        return str(value)
    if isinstance(value, list | tuple):
        inner = ", ".join(literal(item) for item in value)
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        return f'float("{value}")'
    return str(value) if isinstance(value, torch.dtype) else repr(value)


def _plain(target: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
    """The aten operation itself, for what has no prettier spelling."""
    parts = [f"[{', '.join(map(literal, value))}]" if isinstance(value, list) else literal(value) for value in args]
    parts += [f"{key}={literal(value)}" for key, value in kwargs.items()]
    return f"torch.ops.{target}({', '.join(parts)})"


def _operator(target: str, args: tuple[Any, ...]) -> str:
    left, right = (literal(value) for value in args)
    if target == "operator.getitem":
        return f"{left}[{right}]"
    symbol = {"mul": "*", "add": "+", "sub": "-", "floordiv": "//"}[target.partition(".")[2]]
    return f"{left} {symbol} {right}"


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
        if any(bound["padding"]):
            options += f", padding={literal(_short(bound['padding']))}"
        is_rare = bound["ceil_mode"] or not bound.get("count_include_pad", True) or bound.get("divisor_override")
        if is_rare or any(step != 1 for step in bound.get("dilation", [1])):
            return None
        return f"{name}({literal(bound['self'])}, {literal(kernel)}{options})"

    return write


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


_WRITERS: Mapping[str, Callable[[Bound], str | None]] = {
    **{name: _call(f"F.{name}", "self") for name in ("relu", "relu6", "silu", "mish", "hardswish", "hardsigmoid")},
    **{name: _call(f"torch.{name}", "self") for name in ("sigmoid", "tanh", "exp", "abs", "sqrt", "rsqrt")},
    "add": _infix("+"),
    "sub": _infix("-"),
    "mul": _infix("*"),
    "div": _infix("/"),
    "max_pool2d": _pool("F.max_pool2d"),
    "avg_pool2d": _pool("F.avg_pool2d"),
    "adaptive_avg_pool2d": _adaptive("F.adaptive_avg_pool2d"),
    "flatten": _flatten,
    "view": _method("reshape", "size"),
    "reshape": _method("reshape", "shape"),
    "permute": _method("permute", "dims"),
    "transpose": _method("transpose", "dim0", "dim1"),
    "slice": _slice,
    "pad": _pad,
    "mean": _mean,
    "cat": _concatenate,
}
"""Writer by kind of operation; one that returns None leaves the operation to its aten name."""
