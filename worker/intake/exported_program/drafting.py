"""From the steps of an exported program to the draft of a network: an fx graph, of which nothing has been run."""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import fx

from worker.engine.graph.operations import OPERATIONS
from worker.intake.exported_program.arguments import Subgraph, Unreadable, Value
from worker.intake.exported_program.operations import Step
from worker.intake.refusals import printable, rejected

ATEN = re.compile(r"aten\.(?P<packet>[A-Za-z_]\w*)\.(?P<overload>[A-Za-z_]\w*)", re.ASCII)
MAX_NODE_NAME = 150
IGNORED = frozenset({"layout", "device", "pin_memory", "memory_format", "non_blocking"})
"""Parameters of operations that do not change what is computed."""


class Unknown:
    """Stands for an operation that is not one of PyTorch's, so that it can be named; it cannot be run."""

    def __init__(self, name: str) -> None:
        self.__name__ = printable(name)

    def __call__(self) -> None:
        """Never called: graphs are judged before anything is run."""
        raise NotImplementedError(self.__name__)


def draft_graph(steps: Sequence[Step], placeholders: Sequence[str], outputs: Sequence[str]) -> fx.Graph:
    """Placeholders, operations and one output; operations that do not exist are `Unknown`; raises `FileRefusal`."""
    graph = fx.Graph()
    known: dict[str, fx.Node] = {}
    for name in placeholders:
        known[name] = graph.placeholder(name)
        known[name].name = name
    for step in steps:
        _add(graph, step, known)
    missing = next((name for name in outputs if name not in known), None)
    if missing is not None:
        raise rejected(f"returns `{printable(missing)}`, which it does not compute.", "Export the network again.")
    graph.output(tuple(known[name] for name in outputs))
    return graph


def _add(graph: fx.Graph, step: Step, known: dict[str, fx.Node]) -> None:
    target = _find(step)
    args, kwargs = _bind(step, target, known)
    first = next((name for name in step.outputs if name), None)
    name = None if step.is_list or first is None else first[:MAX_NODE_NAME]
    node = graph.create_node("call_function", target, args, kwargs, name=name)
    node.meta["place"] = step.place
    if not step.is_list and first is not None:
        known[first] = node
        return
    for position, name in enumerate(step.outputs):
        if name is not None:
            known[name] = graph.create_node(
                "call_function", operator.getitem, (node, position), name=name[:MAX_NODE_NAME]
            )
            known[name].meta["place"] = step.place


def _find(step: Step) -> Callable[..., Any]:
    """The operation that the step asks for; nothing but PyTorch's own operations is ever looked up."""
    reason = _unreadable(step)
    if reason:
        return Unknown(f"{step.target.rpartition('.')[2] if reason == 'graph' else f'{step.target} with {reason}'}")
    if step.target in OPERATIONS:
        return OPERATIONS[step.target]
    match = ATEN.fullmatch(step.target)
    found = getattr(getattr(torch.ops.aten, match["packet"], None), match["overload"], None) if match else None
    return found if isinstance(found, torch._ops.OpOverload) else Unknown(step.target)


def _unreadable(step: Step) -> str:
    """What no operation here may be given; empty if there is none."""
    for _, value in step.arguments:
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, Unreadable):
                return f"an argument of kind {item.reason}"
            if isinstance(item, Subgraph):
                return "graph"
    return ""


def _bind(step: Step, target: Any, known: Mapping[str, fx.Node]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Arguments in the order of the operation's schema; after a gap, and where it asks for it, by name."""
    values = [(name, _lookup(value, known)) for name, value in step.arguments]
    if isinstance(target, Unknown):
        return tuple(value for _, value in values if isinstance(value, fx.Node)), {}
    schema = getattr(target, "_schema", None)
    if schema is None:
        return tuple(value for _, value in values), {}
    given = {name: value for name, value in values if name not in IGNORED}
    args: list[Any] = []
    for argument in schema.arguments:
        if argument.kwarg_only or argument.name not in given:
            break
        args.append(given.pop(argument.name))
    return tuple(args), given


def _lookup(value: Any, known: Mapping[str, fx.Node]) -> Any:
    if isinstance(value, Value):
        if value.name not in known:
            raise rejected(f"reads `{printable(value.name)}` before it exists.", "Export the network again.")
        return known[value.name]
    return [_lookup(item, known) for item in value] if isinstance(value, list) else value
