"""What the web may know of a network: layers, groups, locks and counts."""

from collections.abc import Mapping, Sequence
from math import prod

from backend.domain.network import ChannelGroupInfo, Layer, LockInfo, NetworkSummary
from worker.engine.counting import count_layers, count_macs, count_parameters
from worker.engine.coupling import ChannelGroup, Lock, find_groups, find_locks
from worker.engine.coupling.values import layer_name
from worker.engine.graph import Network, Node
from worker.engine.graph.operations import kind

_OUTPUT_AXIS, _INPUT_AXIS = 0, 1


def summarize(network: Network) -> NetworkSummary:
    """Layers in forward order with their groups, locks, parameters and multiply-accumulate operations."""
    groups = find_groups(network)
    layers = count_layers(network, groups)
    nodes = {node.name: node for node in network.graph.nodes}
    return NetworkSummary(
        architecture=network.graph.architecture,
        input_shape=network.graph.input_shape,
        class_count=network.graph.class_count,
        layers=layers,
        groups=tuple(_group_info(network, group, layers) for group in groups),
        locks=tuple(_lock_info(lock, nodes.get(lock.node)) for lock in find_locks(network)),
        parameters=count_parameters(network),
        macs=count_macs(network),
    )


def _group_info(network: Network, group: ChannelGroup, layers: Sequence[Layer]) -> ChannelGroupInfo:
    spans = _spans(group, group.layers, _OUTPUT_AXIS)
    return ChannelGroupInfo(
        name=group.name,
        width=group.width,
        layers=group.layers,
        consumers=group.consumers,
        unit=group.unit,
        multiple=group.multiple,
        inexact=group.inexact,
        output_spans=spans,
        input_spans=_spans(group, group.consumers, _INPUT_AXIS),
        loose_parameters=_loose_parameters(network, group, dict(zip(group.layers, spans, strict=False)), layers),
    )


def _loose_parameters(network: Network, group: ChannelGroup, spans: Mapping[str, int], layers: Sequence[Layer]) -> int:
    """Parameters that go with one unit, less the biases and norms that the layers' counts hold already."""
    kinds = {info.name: info.kind for info in network.graph.tensors}
    names = {layer.name for layer in layers}
    held = 0
    for member in group.members:
        tensor = network.tensors[member.tensor]
        is_weight = tensor.dim() > 1 and layer_name(member.tensor) in names
        if kinds[member.tensor] == "parameter" and not is_weight:
            held += member.index.size(1) * tensor.numel() // tensor.size(member.axis)
    counted = sum(
        spans[layer.name] * ((layer.parameters - _weights(layer)) // layer.width)
        for layer in layers
        if layer.name in spans
    )
    return max(0, held - counted)


def _weights(layer: Layer) -> int:
    """Elements of a layer's weight; every output position uses each of them once."""
    places = prod(layer.output_size) if layer.type == "conv" else layer.macs // (layer.in_width * layer.width)
    return layer.macs // places if places else 0


def _spans(group: ChannelGroup, layers: Sequence[str], axis: int) -> tuple[int, ...]:
    """Channels that one unit holds in each layer's weights; empty where a layer's weights do not tell."""
    spans: dict[str, int] = {}
    for member in group.members:
        name = layer_name(member.tensor)
        if member.axis == axis:
            spans[name] = max(spans.get(name, 0), member.index.size(1))
    return tuple(spans[name] for name in layers) if all(name in spans for name in layers) else ()


def _lock_info(lock: Lock, node: Node | None) -> LockInfo:
    return LockInfo(
        layer=lock.layer,
        reason=lock.reason,
        operation=kind(node.target) if node else "",
        node=lock.node,
        place=node.place if node else None,
    )
