"""Walking a graph: decode each node's arguments, call something for it, keep the results by name."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from worker.engine.graph.network import Network
from worker.engine.graph.operations import OPERATIONS
from worker.engine.graph.schema import Graph, Node, Reference, TensorReference, decode

Call = Callable[[Node, tuple[Any, ...], dict[str, Any]], Any]


def walk(graph: Graph, source: Any, tensor: Callable[[str], Any], call: Call) -> dict[str, Any]:
    """Results of all nodes by name.

    `source` stands for the input, `tensor(name)` for a parameter or buffer; `call(node, args, kwargs)` gets the
    arguments with every reference replaced and returns the node's result.
    """
    results: dict[str, Any] = {graph.input: source}

    def resolve(value: Any) -> Any:
        if isinstance(value, Reference):
            return results[value.node]
        if isinstance(value, TensorReference):
            return tensor(value.tensor)
        if isinstance(value, list):
            return [resolve(item) for item in value]
        return value

    for node in graph.nodes:
        args = tuple(resolve(decode(value)) for value in node.args)
        kwargs = {key: resolve(decode(value)) for key, value in node.kwargs.items()}
        results[node.name] = call(node, args, kwargs)
    return results


def apply_operation(node: Node, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    """Run a node's operation on real arguments."""
    return OPERATIONS[node.target](*args, **kwargs)


def shapes_only(network: Network, batch: int = 1) -> dict[str, Any]:
    """Results of all nodes on the meta device: shapes and types without any compute.

    Sizes come out as plain integers, so that `batch` shows in them.
    """
    source = torch.empty((batch, *network.graph.input_shape), device="meta", dtype=float_type(network))
    meta: dict[str, Tensor] = {name: tensor.to("meta") for name, tensor in network.tensors.items()}
    with torch.no_grad():
        return walk(network.graph, source, meta.__getitem__, apply_operation)


def float_type(network: Network) -> torch.dtype:
    """Floating-point type of the network's parameters (float32 where it has none)."""
    types = [tensor.dtype for tensor in network.tensors.values() if tensor.is_floating_point()]
    return types[0] if types else torch.float32
