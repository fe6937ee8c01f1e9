"""What the web may know of a network: layers, groups and counts."""

from backend.domain.network import ChannelGroupInfo, NetworkSummary
from worker.engine.counting import count_layers, count_macs, count_parameters
from worker.engine.coupling import find_groups
from worker.engine.graph import Network


def summarize(network: Network) -> NetworkSummary:
    """Layers in forward order with their groups, parameters and multiply-accumulate operations."""
    groups = find_groups(network)
    return NetworkSummary(
        architecture=network.graph.architecture,
        input_shape=network.graph.input_shape,
        class_count=network.graph.class_count,
        layers=count_layers(network, groups),
        groups=tuple(
            ChannelGroupInfo(name=group.name, width=group.width, layers=group.layers, consumers=group.consumers)
            for group in groups
        ),
        parameters=count_parameters(network),
        macs=count_macs(network),
    )
