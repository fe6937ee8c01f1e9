"""Values that depend on no input and on no parameter (masks, positions) are worked out once and become buffers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from typing import Any

import torch
from torch import Tensor, fx

from worker.engine.graph.operations import FACTORIES, TARGET_NAMES, kind
from worker.engine.network.probing import ERRORS, is_runnable
from worker.engine.network.pureness import pure_variant, sharing_memory

_ATEN = torch.ops.aten
_FILLS: Mapping[object, Any] = {
    _ATEN.new_zeros.default: _ATEN.zeros.default,
    _ATEN.new_ones.default: _ATEN.ones.default,
    _ATEN.new_full.default: _ATEN.full.default,
}
MAXIMUM_ELEMENTS = 2**26
"""Elements of all constants together; a graph that asks for more is left as it is."""


@dataclass
class Constants:
    """Tensors worked out so far, by node; `elements` counts them."""

    values: dict[fx.Node, Any] = field(default_factory=dict)
    elements: int = 0


def detach_fills(graph: fx.Graph, shapes: Mapping[fx.Node, Any]) -> None:
    """Let a fill that takes its type from a value, and its size from no input, depend on neither.

    `shapes` holds the nodes' results on the meta device.
    """
    for node in list(graph.nodes):
        fill = _FILLS.get(node.target) if node.op == "call_function" else None
        like = shapes.get(node.args[0]) if fill is not None else None
        if fill is None or not isinstance(like, Tensor) or any(isinstance(size, fx.Node) for size in node.args[1]):
            continue
        node.args, node.kwargs = node.args[1:], {"dtype": node.kwargs.get("dtype") or like.dtype}
        node.target = fill


def fold(graph: fx.Graph, known: Mapping[fx.Node, Tensor]) -> dict[str, Tensor]:
    """Replace what can be worked out by new placeholders, in place; returns their values by placeholder.

    `known` holds the constants among the placeholders. Writes in place among constants are carried out in order.
    """
    constants = Constants({node: value.clone() for node, value in known.items()})
    spoiled = _spoiled(graph, known)
    made: dict[str, Tensor] = {}
    current: dict[fx.Node, fx.Node] = {}
    for node in list(graph.nodes):
        if node.op == "call_function" and node not in spoiled and _is_constant(node, constants):
            _work_out(node, constants)
        if node in constants.values:
            if pure_variant(node.target) is not None:
                written = sharing_memory(node, with_writes=True)
                current = {source: new for source, new in current.items() if source not in written}
            continue
        for source in node.all_input_nodes:
            value = constants.values.get(source)
            if isinstance(value, Tensor) and source not in known:
                if source not in current:
                    current[source] = _placeholder(graph, f"constant_{len(made)}")
                    made[current[source].name] = value.clone().contiguous()
                node.replace_input_with(source, current[source])
    for node in reversed(list(graph.nodes)):
        if node.op == "call_function" and node in constants.values and not node.users:
            graph.erase_node(node)
    return made


def _placeholder(graph: fx.Graph, name: str) -> fx.Node:
    with graph.inserting_before(next(iter(graph.nodes))):
        return graph.placeholder(name)


def _is_constant(node: fx.Node, constants: Constants) -> bool:
    return is_runnable(node.target) and all(source in constants.values for source in node.all_input_nodes)


def _work_out(node: fx.Node, constants: Constants) -> None:
    """Run one operation on constants; nothing happens when it fails or its result is too large."""
    args, kwargs = fx.node.map_arg((node.args, node.kwargs), constants.values.__getitem__)
    if constants.elements + _elements(node, args, kwargs) > MAXIMUM_ELEMENTS:
        return
    target: Any = node.target
    try:
        with torch.no_grad():
            result = target(*args, **{**kwargs, **_on_cpu(target)})
    except ERRORS:
        return
    constants.elements += result.numel() if isinstance(result, Tensor) else 0
    constants.values[node] = result


def _on_cpu(target: object) -> dict[str, str]:
    name = TARGET_NAMES.get(target)  # type: ignore[call-overload]  # whatever a graph may hold
    return {"device": "cpu"} if name is not None and kind(name) in FACTORIES else {}


def _elements(node: fx.Node, args: tuple[Any, ...], kwargs: dict[str, Any]) -> int:
    """Elements that the operation is going to make, found on the meta device; 0 where only running it tells."""
    target: Any = node.target
    name = TARGET_NAMES.get(target)
    if name is None or not name.startswith("aten."):
        return 0
    on_meta = {"device": "meta"} if kind(name) in FACTORIES else {}
    args, kwargs = fx.node.map_aggregate(
        (args, kwargs), lambda item: item.to("meta") if isinstance(item, Tensor) else item
    )
    try:
        result = target(*args, **{**kwargs, **on_meta})
    except ERRORS:
        return MAXIMUM_ELEMENTS + 1
    return prod(result.shape) if isinstance(result, Tensor) else 0


def _spoiled(graph: fx.Graph, known: Mapping[fx.Node, Tensor]) -> set[fx.Node]:
    """Values into whose memory something is written that is no constant."""
    spoiled: set[fx.Node] = set()
    size = -1
    while size != len(spoiled):
        size = len(spoiled)
        constant = set(known)
        for node in graph.nodes:
            if node.op == "call_function" and node not in spoiled and constant.issuperset(node.all_input_nodes):
                constant.add(node)
            elif pure_variant(node.target) is not None and isinstance(node.args[0], fx.Node):
                spoiled |= sharing_memory(node.args[0], with_writes=True)
    return spoiled
