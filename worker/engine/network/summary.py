"""What the web may know of a network: layers, groups, locks and counts."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from backend.domain.network import ChannelGroupInfo, LockInfo, NetworkSummary
from worker.engine.batch_norms import batch_norm_scales, batch_norms_of
from worker.engine.counting import count_layers, count_macs, count_parameters
from worker.engine.coupling import ChannelGroup, Lock, find_groups, find_locks
from worker.engine.coupling.values import layer_name
from worker.engine.graph import Network, Node
from worker.engine.graph.operations import kind
from worker.engine.network.build import build
from worker.engine.network.inputs import further_outputs, network_inputs
from worker.engine.network.raising import raised_nodes
from worker.engine.network.sizes import operation_sizes, product_axes, weight_sizes
from worker.engine.regularizers.readers import reading_members
from worker.engine.shortcuts import branch_ends
from worker.engine.weights.dropout import find_dropouts

_OUTPUT_AXIS, _INPUT_AXIS = 0, 1


def summarize(network: Network) -> NetworkSummary:
    """Layers in forward order with their groups, locks, parameters and multiply-accumulate operations."""
    groups = find_groups(network)
    axes = product_axes(network, groups)
    layers = tuple(
        layer.model_copy(update={"axes": axes[layer.name]}) if layer.type == "product" else layer
        for layer in count_layers(network, groups)
    )
    parameters = network.parameters
    ends = branch_ends(network, groups)
    recurrent = {layer.name for layer in layers if layer.type == "recurrent"}
    nodes = {node.name: node for node in network.graph.nodes}
    return NetworkSummary(
        architecture=network.graph.architecture,
        input_shape=network.graph.input_shape,
        inputs=network_inputs(network),
        further_outputs=further_outputs(network),
        class_count=network.graph.class_count,
        layers=layers,
        groups=tuple(_group_info(network, group, parameters, recurrent, ends) for group in groups),
        weights=weight_sizes(network, groups, parameters),
        operations=operation_sizes(network, groups),
        locks=tuple(_lock_info(lock, nodes.get(lock.node)) for lock in find_locks(network)),
        parameters=count_parameters(network),
        macs=count_macs(network),
        dropped_layers=_dropped_layers(network),
    )


def _group_info(
    network: Network,
    group: ChannelGroup,
    parameters: Collection[str],
    recurrent: Collection[str],
    ends: Collection[str],
) -> ChannelGroupInfo:
    return ChannelGroupInfo(
        name=group.name,
        width=group.width,
        layers=group.layers,
        consumers=group.consumers,
        unit=group.unit,
        multiple=group.multiple,
        inexact=group.inexact,
        output_spans=_spans(group, group.layers, _OUTPUT_AXIS, recurrent),
        input_spans=_spans(group, group.consumers, _INPUT_AXIS),
        batch_norms=batch_norms_of(group, batch_norm_scales(network)),
        branch_ends=_layers_of(group, ends),
        takes_gates=bool(reading_members(network, group)),
        is_readable=_is_readable(network, group),
        vector_parameters=sum(
            member.index.size(1)
            for member in group.members
            if member.tensor in parameters and network.tensors[member.tensor].dim() == 1
        ),
    )


def _is_readable(network: Network, group: ChannelGroup) -> bool:
    """Hidden units are read in the layers that modules stand for, which alone can answer step by step."""
    if group.unit != "hidden":
        return True
    modules = raised_nodes(network)
    return bool(group.cells) and all(cell.node in modules for cell in group.cells)


def _dropped_layers(network: Network) -> tuple[str, ...]:
    """Found in the module that a run trains, which is built without any values."""
    if not any("dropout" in step.kind for step in network.steps):
        return ()
    shapes = {name: tensor.to("meta") for name, tensor in network.tensors.items()}
    module = build(replace(network, tensors=shapes))
    dropouts = find_dropouts(module, [name for name, _ in module.named_parameters()])
    return tuple(dict.fromkeys(layer_name(name) for found in dropouts if found.dense_rate for name in found.weights))


def _layers_of(group: ChannelGroup, weights: Collection[str]) -> tuple[str, ...]:
    names = {layer_name(member.tensor) for member in group.members if member.makes and member.tensor in weights}
    return tuple(layer for layer in group.layers if layer in names)


def _spans(group: ChannelGroup, layers: Sequence[str], axis: int, recurrent: Collection[str] = ()) -> tuple[int, ...]:
    """Channels that one unit holds in each layer's weights; empty where a layer's weights do not tell.

    A unit of a `recurrent` layer is one channel, however many rows its gates have.
    """
    spans: dict[str, int] = {}
    for member in group.members:
        name = layer_name(member.tensor)
        if member.axis == axis:
            spans[name] = 1 if name in recurrent else max(spans.get(name, 0), member.index.size(1))
    return tuple(spans[name] for name in layers) if all(name in spans for name in layers) else ()


def _lock_info(lock: Lock, node: Node | None) -> LockInfo:
    return LockInfo(
        layer=lock.layer,
        reason=lock.reason,
        operation=kind(node.target) if node else "",
        node=lock.node,
        place=node.place if node else None,
    )
