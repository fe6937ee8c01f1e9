"""Refusals of what a network cannot consist of: all operations at once, each with its place."""

from torch import fx

from backend.domain.errors import FailureCode, JobFailure
from worker.engine.graph.operations import TARGET_NAMES

_MOST_NAMED = 20
_CONTROL_FLOW = frozenset({"associative_scan", "cond", "map_impl", "map", "scan", "while_loop"})


def refuse(detail: str) -> JobFailure:
    """The failure for a network that cannot be represented."""
    return JobFailure(
        FailureCode.UNKNOWN_ARCHITECTURE,
        detail,
        "Rewrite the layer with standard operations, or choose an architecture of the zoo.",
    )


def check_operations(graph: fx.Graph) -> None:
    """Raise one `JobFailure` (UNSUPPORTED_OPERATION) that names every operation beyond the allow-list."""
    found = [_named(node) for node in graph.nodes if node.op == "call_function" and node.target not in TARGET_NAMES]
    found += [
        f"`{node.target}` (a part of the module that was not traced)"
        for node in graph.nodes
        if node.op not in ("call_function", "placeholder", "output", "get_attr")
    ]
    distinct = list(dict.fromkeys(found))
    if not distinct:
        return
    more = f" and {len(distinct) - _MOST_NAMED} more" if len(distinct) > _MOST_NAMED else ""
    raise JobFailure(
        FailureCode.UNSUPPORTED_OPERATION,
        f"The network uses operations that are not supported: {', '.join(distinct[:_MOST_NAMED])}{more}.",
        "Replace them in the network by standard layers, and export it again in evaluation mode.",
    )


def _named(node: fx.Node) -> str:
    name = getattr(node.target, "__name__", str(node.target))
    is_aten = str(node.target).startswith("aten.")
    kind = "control flow, " if name in _CONTROL_FLOW else ""
    return f"`{node.target if is_aten else name}` ({kind}at {node.meta.get('place') or f'`{node.name}`'})"
