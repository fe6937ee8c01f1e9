"""Counts from shapes: parameters and multiply-accumulate operations, layer by layer."""

from math import prod
from typing import Any

from torch import Tensor

from backend.domain.network import Layer
from worker.engine.coupling import ChannelGroup, find_groups
from worker.engine.coupling.values import layer_name
from worker.engine.graph import Network, Node
from worker.engine.graph.operations import bind, kind
from worker.engine.graph.schema import Reference, TensorReference, decode

_LAYER_TYPES = {"conv1d": "conv", "conv2d": "conv", "linear": "linear"}


def count_layers(network: Network, groups: tuple[ChannelGroup, ...] | None = None) -> tuple[Layer, ...]:
    """The layers in forward order; a norm's parameters count for the layer before it.

    Pass the network's `groups` when they are at hand; otherwise they are found anew.
    """
    group_of = {layer: group.name for group in groups or find_groups(network) for layer in group.layers}
    values = network.shapes
    sources = _producing_layers(network)
    extra = _norm_parameters(network, sources)
    layers = []
    for node in network.graph.nodes:
        weight = _weight(node)
        if weight is not None:
            name = layer_name(weight)
            layer = _layer(network, node, weight, values[node.name])
            parameters = layer.parameters + extra.get(node.name, 0)
            layers.append(layer.model_copy(update={"group": group_of.get(name), "parameters": parameters}))
    return tuple(layers)


def count_macs(network: Network) -> int:
    """Multiply-accumulate operations of all layers for one example (norms and activations not counted)."""
    values = network.shapes
    nodes = [(node, _weight(node)) for node in network.graph.nodes]
    return sum(_macs(network.tensors[weight], values[node.name]) for node, weight in nodes if weight is not None)


def count_parameters(network: Network) -> int:
    """Elements of all parameters (buffers not counted)."""
    return sum(prod(info.shape) for info in network.graph.tensors if info.kind == "parameter")


def _layer(network: Network, node: Node, weight: str, result: Tensor) -> Layer:
    """A layer on its own: without its group, and without the norm that follows."""
    bound = _bound(node)
    tensor = network.tensors[weight]
    bias = bound["bias"]
    own = tensor.numel() + (network.tensors[bias.tensor].numel() if isinstance(bias, TensorReference) else 0)
    is_conv = _LAYER_TYPES[kind(node.target)] == "conv"
    return Layer(
        name=layer_name(weight),
        type="conv" if is_conv else "linear",
        in_width=tensor.size(1) * bound.get("groups", 1),
        width=tensor.size(0),
        kernel=tuple(tensor.shape[2:]),
        output_size=tuple(result.shape[2:]) if is_conv else (),
        parameters=own,
        macs=_macs(tensor, result),
    )


def _macs(weight: Tensor, result: Tensor) -> int:
    """Every output element takes one multiply-accumulate for each weight of its channel."""
    return result.numel() * prod(weight.shape[1:])


def _bound(node: Node) -> dict[str, Any]:
    args = tuple(decode(value) for value in node.args)
    return bind(node.target, args, {key: decode(value) for key, value in node.kwargs.items()})


def _weight(node: Node) -> str | None:
    """Name of a layer's weight; None for nodes that are no layers."""
    if kind(node.target) not in _LAYER_TYPES:
        return None
    weight = _bound(node)["weight"]
    return weight.tensor if isinstance(weight, TensorReference) else None


def _producing_layers(network: Network) -> dict[str, str]:
    """For every batch norm the layer whose output it normalizes, by node name (only direct ones)."""
    layers = {node.name for node in network.graph.nodes if _weight(node) is not None}
    found = {}
    for node in network.graph.nodes:
        source = decode(node.args[0]) if node.args else None
        if kind(node.target) == "batch_norm" and isinstance(source, Reference) and source.node in layers:
            found[node.name] = source.node
    return found


def _norm_parameters(network: Network, sources: dict[str, str]) -> dict[str, int]:
    """Affine parameters of the norms that follow, by the layer's node name."""
    extra: dict[str, int] = {}
    for node in network.graph.nodes:
        layer = sources.get(node.name)
        if layer is not None:
            bound = _bound(node)
            affine = [bound[key] for key in ("weight", "bias")]
            own = sum(network.tensors[item.tensor].numel() for item in affine if isinstance(item, TensorReference))
            extra[layer] = extra.get(layer, 0) + own
    return extra
