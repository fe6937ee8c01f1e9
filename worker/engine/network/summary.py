"""What the web may know of a network: layers, groups, locks and counts."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from backend.domain.network import AxisShares, ChannelGroupInfo, Layer, LockInfo, NetworkSummary, WeightSize
from worker.engine.batch_norms import batch_norm_scales, batch_norms_of
from worker.engine.counting import count_layers, count_macs, count_parameters
from worker.engine.coupling import ChannelGroup, Lock, find_groups, find_locks
from worker.engine.coupling.values import layer_name
from worker.engine.graph import Network, Node
from worker.engine.graph.operations import kind
from worker.engine.graph.schema import TensorReference
from worker.engine.macs import count_step
from worker.engine.network.inputs import further_outputs, network_inputs

_OUTPUT_AXIS, _INPUT_AXIS = 0, 1


def summarize(network: Network) -> NetworkSummary:
    """Layers in forward order with their groups, locks, parameters and multiply-accumulate operations."""
    groups = find_groups(network)
    layers = count_layers(network, groups)
    parameters = {info.name for info in network.graph.tensors if info.kind == "parameter"}
    products = _products_of_heads(network, groups)
    recurrent = {layer.name for layer in layers if layer.type == "recurrent"}
    nodes = {node.name: node for node in network.graph.nodes}
    return NetworkSummary(
        architecture=network.graph.architecture,
        input_shape=network.graph.input_shape,
        inputs=network_inputs(network),
        further_outputs=further_outputs(network),
        class_count=network.graph.class_count,
        layers=layers,
        groups=tuple(_group_info(network, group, parameters, products, recurrent) for group in groups),
        weights=_weight_sizes(network, groups, layers, parameters),
        locks=tuple(_lock_info(lock, nodes.get(lock.node)) for lock in find_locks(network)),
        parameters=count_parameters(network),
        macs=count_macs(network),
    )


def _group_info(
    network: Network,
    group: ChannelGroup,
    parameters: Collection[str],
    products: Mapping[str, int],
    recurrent: Collection[str],
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
        vector_parameters=sum(
            member.index.size(1)
            for member in group.members
            if member.tensor in parameters and network.tensors[member.tensor].dim() == 1
        ),
        product_macs=products.get(group.name, 0) // group.width,
    )


def _products_of_heads(network: Network, groups: Sequence[ChannelGroup]) -> Mapping[str, int]:
    """Operations of the products of activations between the layers that make a group's heads and those that read them.

    Whole heads go, so these products lose their operations in the same proportion.
    """
    heads = [group for group in groups if group.unit == "head"]
    maker = {layer: group.name for group in heads for layer in group.layers}
    readers = {layer for group in heads for layer in group.consumers}
    found: dict[str, int] = defaultdict(int)
    current = None
    for step in network.steps:
        names = [layer_name(value.tensor) for value in step.bound.values() if isinstance(value, TensorReference)]
        current = None if readers.intersection(names) else current
        current = next((maker[name] for name in names if name in maker), current)
        if current is not None and not names:
            found[current] += count_step(step, network)
    return found


def _weight_sizes(
    network: Network, groups: Sequence[ChannelGroup], layers: Sequence[Layer], parameters: Collection[str]
) -> tuple[WeightSize, ...]:
    """Every parameter of two or more axes that gets smaller with a group, with its part of its layer's operations."""
    axes: dict[str, dict[int, dict[str, int]]] = defaultdict(lambda: defaultdict(dict))
    for group in groups:
        for member in group.members:
            if member.tensor in parameters and network.tensors[member.tensor].dim() > 1:
                axes[member.tensor][member.axis][group.name] = member.index.size(1)
    macs = _macs_by_weight(network, layers, parameters)
    return tuple(
        WeightSize(
            layer=layer_name(name),
            parameters=network.tensors[name].numel(),
            macs=macs.get(name, 0),
            axes=tuple(
                AxisShares(size=network.tensors[name].size(axis), groups=tuple(spans.items()))
                for axis, spans in sorted(by_axis.items())
            ),
        )
        for name, by_axis in axes.items()
    )


def _macs_by_weight(network: Network, layers: Sequence[Layer], parameters: Collection[str]) -> Mapping[str, int]:
    """A layer's operations, divided among its weights (a recurrent layer has several) by their elements."""
    sizes: dict[str, dict[str, int]] = defaultdict(dict)
    for name in parameters:
        if network.tensors[name].dim() > 1:
            sizes[layer_name(name)][name] = network.tensors[name].numel()
    found = {}
    for layer in layers:
        own = sizes.get(layer.name, {})
        for name, elements in own.items():
            found[name] = layer.macs * elements // sum(own.values())
    return found


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
