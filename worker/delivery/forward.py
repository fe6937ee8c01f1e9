"""The statements of a `forward`: one line for each operation, names reused once their value is dead."""

from collections.abc import Mapping, Sequence
from itertools import chain, count
from typing import Any

from worker.delivery.expressions import expression
from worker.delivery.naming import access, access_tensor
from worker.delivery.values import Code, literal
from worker.engine.graph import Graph, Network
from worker.engine.graph.evaluation import Step
from worker.engine.graph.schema import Reference, TensorReference, references
from worker.engine.network.layers import Attention
from worker.engine.network.raising import Raised, live_steps, unpacked

_NAMES = ("x", "y", "z", "u", "v", "w")
"""Names of values; `x` is the input. When more live at once, numbers follow."""


def write_forward(network: Network, raised: Mapping[str, Raised]) -> str:
    """Source of the body of `forward`, from the inputs to the return statement."""
    graph = network.graph
    held = {
        name: f"{access(item.path)}.{attribute}" for item in raised.values() for attribute, name in item.tensors.items()
    }
    tensors: dict[Any, Code] = {
        TensorReference(info.name): Code(held.get(info.name) or access_tensor(info.name, info.kind))
        for info in graph.tensors
    }
    steps = live_steps(network, raised)
    places = unpacked(graph, raised)
    last_use = _last_uses(graph, steps, raised)
    names = dict(zip((info.name for info in graph.inputs), argument_names(graph), strict=True))
    telling = set(names.values()) - set(_NAMES)  # an input's own name stays its own
    lines = []
    for position, step in enumerate(steps):
        item = raised.get(step.node.name)
        values = {**tensors, **{Reference(source): Code(written) for source, written in names.items()}}
        text = _text(step, item, values, places.get(step.node.name))
        freed = [names.pop(source) for source in _sources(step, item) if last_use[source] == position]
        name = next((name for name in freed if name not in telling), None) or _free_name(set(names.values()))
        names[step.node.name] = name
        if text != name:
            lines.append(f"{name} = {text}")
    return "\n".join([*lines, f"return {', '.join(names[output] for output in graph.outputs)}"])


def argument_names(graph: Graph) -> tuple[str, ...]:
    """Names of the arguments of `forward`: `x` where there is but one, else those of the inputs."""
    return (_NAMES[0],) if len(graph.inputs) == 1 else tuple(info.name for info in graph.inputs)


def _free_name(taken: set[str]) -> str:
    numbered = (f"{_NAMES[0]}{number}" for number in count(1))
    return next(name for name in chain(_NAMES, numbered) if name not in taken)


def _sources(step: Step, item: Raised | None) -> list[str]:
    """Names of the values that a node reads, each once, in order."""
    values = item.arguments if item is not None else (*step.args, *step.kwargs.values())
    return list(dict.fromkeys(name for value in values for name in references(value)))


def _last_uses(graph: Graph, steps: Sequence[Step], raised: Mapping[str, Raised]) -> dict[str, int]:
    """Position of the last node that reads each value; the outputs are read after all."""
    uses = {
        source: position for position, step in enumerate(steps) for source in _sources(step, raised.get(step.node.name))
    }
    return uses | dict.fromkeys(graph.outputs, len(steps))


def _text(step: Step, item: Raised | None, values: Mapping[Any, Code], place: tuple[int, ...] | None) -> str:
    """Source of a node's value; `place` tells which of a module's results it is."""

    def translate(value: Any) -> Any:
        if isinstance(value, Reference | TensorReference):
            return values[value]
        return [translate(part) for part in value] if isinstance(value, list) else value

    if item is not None:
        given = [literal(translate(value)) for value in item.arguments]
        return _attention(item.module, given) if isinstance(item.module, Attention) else _call(item.path, given)
    args = tuple(translate(value) for value in step.args)
    if place is not None:
        return literal(args[0]) + "".join(f"[{position}]" for position in place)
    return expression(step.node, args, {key: translate(value) for key, value in step.kwargs.items()})


def _call(path: str, given: Sequence[str]) -> str:
    return f"{access(path)}({', '.join(given)})"


def _attention(module: Attention, given: Sequence[str]) -> str:
    """Attention with dropout in training only."""
    defaults = {"is_causal": False, "scale": None, "enable_gqa": False}
    options = {key: value for key, value in module.options.items() if value != defaults[key]}
    arguments = [*given, f"dropout_p={module.dropout_p} if self.training else 0.0"]
    arguments += [f"{key}={literal(value)}" for key, value in options.items()]
    return f"F.scaled_dot_product_attention({', '.join(arguments)})"
