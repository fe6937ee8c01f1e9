"""The layers that read a network's inputs, and which element of an input lies at each place of what they read."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from worker.engine.counting import LayerUse, use_of
from worker.engine.coupling.elementwise import combine, same
from worker.engine.coupling.movement import MOVES
from worker.engine.coupling.picking import PICKS
from worker.engine.coupling.reductions import batch_norm
from worker.engine.coupling.tracing import RULES
from worker.engine.graph import Network
from worker.engine.graph.evaluation import Step, apply_operation
from worker.engine.graph.schema import Argument, Reference, TensorReference, references

_IN_PLACE = frozenset(kind for kind, rule in RULES.items() if rule in (same, combine, batch_norm))
"""Operations that leave every element where it is."""
_MOVING = (frozenset(MOVES) | frozenset(PICKS) | {"cat", "stack", "pad", "constant_pad_nd"}) - {"col2im"}
"""Operations that only put elements elsewhere."""
_MIXING = frozenset(
    kind for kind in RULES if kind.startswith("conv") or kind in {"linear", "embedding", "scaled_dot_product_attention"}
) | {"addmm", "baddbmm", "bmm", "einsum", "matmul", "mm", "lstm", "gru", "rnn_tanh", "rnn_relu"}
_DATA = {"addmm": "mat1", "mm": "self", "matmul": "self", "embedding": "indices"}
"""The argument that a layer reads, where it is not `input`."""


@dataclass(frozen=True)
class Reader:
    """A layer with no other layer between it and the network's inputs."""

    use: LayerUse
    step: Step
    inputs: tuple[str, ...]
    """Names of the inputs that it reads."""
    order: Tensor | None
    """Which element of its only input lies where, float64 in the shape of what the layer reads of one example.

    Elements are numbered from 1; 0 is padding. None where that cannot be said (a pooling came between).
    """


def first_readers(network: Network) -> Iterator[Reader]:
    """In forward order."""
    origins: dict[str, frozenset[str] | None] = {
        info.name: frozenset({info.name}) for info in network.graph.inputs
    }  # None: a layer came before
    orders: dict[str, Any] = {
        info.name: torch.arange(1, 1 + torch.Size(info.shape).numel(), dtype=torch.float64).view(1, *info.shape)
        for info in network.graph.inputs
    }
    for step in network.steps:
        sources = [origins[name] for name in references(list(step.bound.values())) if name in origins]
        if not sources:
            continue
        use = use_of(step, network)
        origin = _union(sources)
        if origin is not None and use is not None:
            data = step.bound.get(_DATA.get(step.kind, "input"))
            order = orders.get(data.node) if isinstance(data, Reference) and len(origin) == 1 else None
            yield Reader(use, step, tuple(sorted(origin)), order)
        is_layer = use is not None or step.kind in _MIXING
        origins[step.node.name] = None if is_layer else origin
        orders[step.node.name] = None if is_layer or origin is None else _order(step, orders, network)


def _union(sources: list[frozenset[str] | None]) -> frozenset[str] | None:
    known = [source for source in sources if source is not None]
    return frozenset().union(*known) if len(known) == len(sources) else None


def _order(step: Step, orders: Mapping[str, Any], network: Network) -> Any:
    """Where the elements lie after an operation; None when it computes something of them."""
    result = network.shapes[step.node.name]
    if step.kind in _IN_PLACE and isinstance(result, Tensor):
        known = [orders[name] for name in references(list(step.bound.values())) if orders.get(name) is not None]
        is_one = bool(known) and all(one is known[0] for one in known)
        return known[0] if is_one and known[0].shape == result.shape else None
    if step.kind == "getitem":
        parts = orders.get(step.args[0].node)
        return None if parts is None else parts[step.args[1]]
    if step.kind not in _MOVING or step.bound.get("value") not in (None, 0):
        return None
    try:
        arguments = [_resolve(value, orders, network) for value in step.args]
        return apply_operation(
            step.node, tuple(arguments), {key: _resolve(value, orders, network) for key, value in step.kwargs.items()}
        )
    except LookupError:
        return None


def _resolve(value: Argument, orders: Mapping[str, Any], network: Network) -> Any:
    """An argument with references replaced; raises LookupError for a tensor of which the elements are not known."""
    if isinstance(value, list):
        return [_resolve(item, orders, network) for item in value]
    if isinstance(value, TensorReference):
        return network.tensors[value.tensor]
    if not isinstance(value, Reference):
        return value
    known = orders.get(value.node)
    if known is None:
        known = network.shapes[value.node]
        if not isinstance(known, int):
            raise LookupError(value.node)
    return known
