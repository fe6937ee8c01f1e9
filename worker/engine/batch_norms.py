"""Where a network's batch norms scale its channels, and passes that leave their statistics alone."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn

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


@contextmanager
def untracked(module: nn.Module) -> Iterator[None]:
    """Passes in training within this normalize as ever, and no norm learns its running statistics from them."""
    kinds = nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d
    norms = [norm for norm in module.modules() if isinstance(norm, kinds) and norm.track_running_stats]
    for norm in norms:
        norm.track_running_stats = False
    try:
        yield
    finally:
        for norm in norms:
            norm.track_running_stats = True
