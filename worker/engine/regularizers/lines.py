"""The weights that make each channel of a group, in all layers of the group, as lines."""

from collections.abc import Mapping

from torch import Tensor

from worker.engine.coupling import ChannelGroup


def read_lines(group: ChannelGroup, tensors: Mapping[str, Tensor]) -> list[Tensor]:
    """Per tensor that makes the group's channels: its weights by channel, (K, weights)."""
    return [
        tensors[member.tensor].movedim(member.axis, 0)[member.index.to(tensors[member.tensor].device)].flatten(1)
        for member in group.members
        if member.makes
    ]
