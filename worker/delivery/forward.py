"""The statements of a `forward`: one line for each operation, names reused once their value is dead."""

from collections.abc import Mapping
from itertools import chain, count
from keyword import iskeyword
from typing import Any

from worker.delivery.expressions import Code, expression
from worker.engine.graph import Graph, Node
from worker.engine.graph.schema import Reference, TensorReference, decode, references
from worker.engine.network.raising import Raised

_NAMES = ("x", "y", "z", "u", "v", "w")
"""Names of values; `x` is the input. When more live at once, numbers follow."""


def write_forward(graph: Graph, raised: Mapping[str, Raised]) -> str:
    """Source of the body of `forward`, from the inputs to the return statement."""
    last_use = _last_uses(graph)
    names = dict(zip((info.name for info in graph.inputs), argument_names(graph), strict=True))
    lines = []
    for position, node in enumerate(graph.nodes):
        text = _text(node, raised.get(node.name), names)
        freed = [names.pop(source) for source in _sources(node) if last_use[source] == position and source in names]
        name = freed[0] if freed else _free_name(set(names.values()))
        names[node.name] = name
        if text != name:
            lines.append(f"{name} = {text}")
    return "\n".join([*lines, f"return {', '.join(names[output] for output in graph.outputs)}"])


def argument_names(graph: Graph) -> tuple[str, ...]:
    """Names of the arguments of `forward`: `x`, then `x1`, `x2`."""
    return (_NAMES[0], *(f"{_NAMES[0]}{number}" for number in range(1, len(graph.inputs))))


def _free_name(taken: set[str]) -> str:
    numbered = (f"{_NAMES[0]}{number}" for number in count(1))
    return next(name for name in chain(_NAMES, numbered) if name not in taken)


def _sources(node: Node) -> list[str]:
    """Names of the values that a node reads, each once, in order."""
    values = (*node.args, *node.kwargs.values())
    return list(dict.fromkeys(name for value in values for name in references(decode(value))))


def _last_uses(graph: Graph) -> dict[str, int]:
    """Position of the last node that reads each value; the outputs are read after all."""
    uses = {source: position for position, node in enumerate(graph.nodes) for source in _sources(node)}
    return uses | dict.fromkeys(graph.outputs, len(graph.nodes))


def _text(node: Node, item: Raised | None, names: Mapping[str, str]) -> str:
    """Source of a node's value."""
    if item is not None:
        return f"{access(item.path)}({names[item.source.node]})"

    def translate(value: Any) -> Any:
        if isinstance(value, Reference):
            return Code(names[value.node])
        if isinstance(value, TensorReference):
            return Code(f"self.{value.tensor}")
        return [translate(part) for part in value] if isinstance(value, list) else value

    args = tuple(translate(decode(value)) for value in node.args)
    return expression(node, args, {key: translate(decode(value)) for key, value in node.kwargs.items()})


def access(path: str) -> str:
    """Expression for a module path: `self.layer1["0"]["conv1"]`."""
    first, *rest = path.split(".")
    own = f"self.{first}" if is_attribute(first) else f'self.get_submodule("{first}")'
    return own + "".join(f'["{name}"]' for name in rest)


def is_attribute(name: str) -> bool:
    """Whether a name can be written as `self.name`."""
    return name.isidentifier() and not iskeyword(name)
