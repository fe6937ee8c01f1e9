"""How one operation is written in plain PyTorch."""

from collections.abc import Mapping
from typing import Any

from worker.delivery.values import literal
from worker.delivery.writers import SAME_IN_TORCH, WRITERS
from worker.engine.graph import Node
from worker.engine.graph.operations import OPERATIONS, bind, kind


def expression(node: Node, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
    """Source code of a node's result; references among the arguments come as `Code`."""
    name = kind(node.target)
    if node.target.startswith("operator."):
        return _operator(node.target, args)
    writer = WRITERS.get(name)
    text = writer(bind(node.target, args, kwargs)) if writer else None
    if text is None and name in SAME_IN_TORCH:
        text = f"torch.{name}({_arguments(node.target, bind(node.target, args, kwargs))})"
    return text if text is not None else _plain(node.target, args, kwargs)


def _plain(target: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
    """The aten operation itself, for what has no prettier spelling."""
    parts = [f"[{', '.join(map(literal, value))}]" if isinstance(value, list) else literal(value) for value in args]
    parts += [f"{key}={literal(value)}" for key, value in kwargs.items()]
    return f"torch.ops.{target}({', '.join(parts)})"


def _operator(target: str, args: tuple[Any, ...]) -> str:
    if target == "operator.neg":
        return f"-{literal(args[0])}"
    left, right = (literal(value) for value in args)
    if target == "operator.getitem":
        return f"{left}[{right}]"
    symbol = {"mul": "*", "add": "+", "sub": "-", "floordiv": "//", "mod": "%"}[target.partition(".")[2]]
    return f"{left} {symbol} {right}"


def _arguments(target: str, bound: Mapping[str, Any]) -> str:
    """Arguments as torch's own function takes them: defaults left out, after the first of these by name."""
    parts = []
    is_positional = True
    for argument in OPERATIONS[target]._schema.arguments:  # type: ignore[attr-defined]  # an aten operation
        value = bound[argument.name]
        if argument.has_default_value() and value == argument.default_value:
            is_positional = False
        elif is_positional and not argument.kwarg_only:
            parts.append(literal(value))
        else:
            parts.append(f"{argument.name}={literal(value)}")
    return ", ".join(parts)
