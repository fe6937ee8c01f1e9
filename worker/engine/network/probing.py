"""Shapes and types of all values of an fx graph, found by running it on the meta device."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, fx

from worker.engine.graph.inference import infer
from worker.engine.graph.operations import FACTORIES, OPERATIONS, TARGET_NAMES, kind
from worker.engine.network.pureness import pure_variant

_COPIES = frozenset({torch.ops.aten.lift_fresh.default, torch.ops.aten.lift_fresh_copy.default})
"""What tracing puts around constants."""
ERRORS = (RuntimeError, TypeError, ValueError, IndexError, ZeroDivisionError, NotImplementedError)
"""What an operation raises that does not fit its arguments."""


def is_runnable(target: object) -> bool:
    """Whether an operation may be run while a network is made: it is on the allow-list, or such a one in place."""
    return target in TARGET_NAMES or target in _COPIES or pure_variant(target) is not None


def run_on_meta(node: fx.Node, known: Mapping[fx.Node, Any]) -> Any:
    """Result of one node on the meta device; None where it is unknown, or not on the allow-list."""
    if not is_runnable(node.target):
        return None
    if any(known.get(source) is None for source in node.all_input_nodes):
        return None
    args, kwargs = fx.node.map_arg((node.args, node.kwargs), known.__getitem__)
    target: Any = node.target
    name = TARGET_NAMES.get(target, "")
    device = {"device": "meta"} if "device" in kwargs or (name in OPERATIONS and kind(name) in FACTORIES) else {}
    try:
        said = infer(kind(name), args, kwargs) if name else None
        if said is not None:
            return said
        with torch.no_grad():
            return target(*args, **{**kwargs, **device})
    except ERRORS:
        return None


def probe(graph: fx.Graph, sources: Mapping[str, Tensor]) -> dict[fx.Node, Any]:
    """Results of all nodes on the meta device by node; `sources` gives the placeholders' shapes by name."""
    known: dict[fx.Node, Any] = {}
    for node in graph.nodes:
        if node.op == "placeholder":
            known[node] = sources[node.name].to("meta")
        elif node.op == "call_function":
            known[node] = run_on_meta(node, known)
    return known
