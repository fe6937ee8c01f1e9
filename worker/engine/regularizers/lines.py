"""The weights that make each channel of a group, in all layers of the group, as lines."""

from collections.abc import Mapping

import torch
from torch import Tensor

from worker.engine.coupling import ChannelGroup


def read_lines(group: ChannelGroup, tensors: Mapping[str, Tensor]) -> list[Tensor]:
    """Per tensor that makes the group's channels: its weights by channel, (K, weights)."""
    return [
        tensors[member.tensor].movedim(member.axis, 0)[member.index.to(tensors[member.tensor].device)].flatten(1)
        for member in group.members
        if member.makes
    ]


@torch.no_grad()
def scale_lines(group: ChannelGroup, tensors: Mapping[str, Tensor], factors: Tensor) -> None:
    """Multiply everything that makes each channel by its factor, in place; `factors` is (K,)."""
    for member in group.members:
        if member.makes:
            tensor = tensors[member.tensor]
            lines = tensor.movedim(member.axis, 0)
            index = member.index.to(tensor.device)
            spread = factors.to(tensor.device, tensor.dtype).repeat_interleave(index.size(1))
            shape = (-1, *[1] * (tensor.dim() - 1))
            lines[index.flatten()] = lines[index.flatten()] * spread.view(shape)
