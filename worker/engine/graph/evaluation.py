"""Walking a graph: decode each node's arguments, call something for it, keep the results by name."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from worker.engine.graph.network import Network
from worker.engine.graph.operations import OPERATIONS
from worker.engine.graph.schema import DTYPES, Graph, Node, Reference, TensorReference, decode

Call = Callable[[Node, tuple[Any, ...], dict[str, Any]], Any]


def walk(graph: Graph, inputs: Mapping[str, Any], tensor: Callable[[str], Any], call: Call) -> dict[str, Any]:
    """Inputs and results of all nodes by name.

    `inputs` holds what stands for each of the graph's inputs, `tensor(name)` gives a parameter or buffer;
    `call(node, args, kwargs)` gets the arguments with every reference replaced and returns the node's result.
    """
    results: dict[str, Any] = dict(inputs)

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
    meta: dict[str, Tensor] = {name: tensor.to("meta") for name, tensor in network.tensors.items()}
    with torch.no_grad():
        return walk(network.graph, example_inputs(network.graph, batch), meta.__getitem__, apply_operation)


def example_inputs(graph: Graph, batch: int = 1, device: str = "meta") -> dict[str, Tensor]:
    """A batch of zeros for every input, by name (on the meta device: only their shapes and types)."""
    return {
        info.name: torch.zeros((batch, *info.shape), dtype=DTYPES[info.dtype], device=device) for info in graph.inputs
    }


def float_type(network: Network) -> torch.dtype:
    """Floating-point type of the network's parameters (float32 where it has none)."""
    types = [tensor.dtype for tensor in network.tensors.values() if tensor.is_floating_point()]
    return types[0] if types else torch.float32
