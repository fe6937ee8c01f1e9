"""Where a network's batch norms scale its channels."""

from worker.engine.coupling import ChannelGroup, Member
from worker.engine.coupling.values import layer_name
from worker.engine.graph import Network
from worker.engine.graph.schema import TensorReference


def batch_norm_scales(network: Network) -> frozenset[str]:
    """Names of the tensors that are scales (gamma) of batch norms."""
    weights = (step.bound["weight"] for step in network.steps if step.kind == "batch_norm")
    return frozenset(weight.tensor for weight in weights if isinstance(weight, TensorReference))


def scales_of(group: ChannelGroup, scales: frozenset[str]) -> tuple[Member, ...]:
    """Where `scales` hold the group's channels: what a batch norm multiplies them by."""
    return tuple(member for member in group.members if member.tensor in scales)


def batch_norms_of(group: ChannelGroup, scales: frozenset[str]) -> tuple[str, ...]:
    """Names of the batch norms that scale the group's channels."""
    return tuple(dict.fromkeys(layer_name(member.tensor) for member in scales_of(group, scales)))
