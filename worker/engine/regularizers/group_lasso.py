"""Structured sparsity by group lasso: filters, channels, shapes and layers (Wen et al. 2016)."""

from collections.abc import Sequence

import torch
from torch import Tensor

from backend.domain.regularizers import GroupLassoRegularizer
from worker.engine.regularizers.places import ChannelPlaces, making_members, weakest_lines
from worker.engine.regularizers.readers import reading_members
from worker.engine.regularizers.regularizer import REGULARIZERS, Ground, MakeRegularizer, Neutral
from worker.engine.regularizers.shrinking import Filters, shrink_along, shrink_channels
from worker.engine.shortcuts import branch_ends

_MATRIX = 2
"""Axes of a weight without a window."""


@REGULARIZERS.register(GroupLassoRegularizer)
def group_lasso(spec: GroupLassoRegularizer) -> MakeRegularizer:
    """Make the regularizer of a network."""
    return lambda ground: GroupLasso(spec, ground)


class GroupLasso(Neutral):
    """`w <- w * max(0, 1 - learning_rate * strength * sqrt(|w|) / ||w||)` for each group of weights: zeros are exact.

    The proximal step minimizes the penalty, which is therefore not part of the loss that gradients are taken of. Groups
    that lie in one another (shapes in channels, both in layers) are shrunk from the inside out, which is exact; filters
    and channels of one layer cross, and are shrunk in turn. A layer that has come to zero stays zero, for the rest of
    the run too; so does a filter in front of a batch norm while this lasts. Biases are left alone: a filter of zeros
    may still say a constant, which its readers lose when the target takes it.
    """

    def __init__(self, spec: GroupLassoRegularizer, ground: Ground) -> None:
        self._spec, self._groups = spec, ground.groups
        tensors = dict(ground.module.named_parameters())
        readers = {group.name: reading_members(ground.network, group) for group in ground.groups}
        makers = {group.name: making_members(group) for group in ground.groups}
        self._filters = Filters(ChannelPlaces(ground.groups, makers, tensors), ground.network)
        self._channels = ChannelPlaces([group for group in ground.groups if readers[group.name]], readers, tensors)
        read = {member.tensor: member.axis for members in readers.values() for member in members}
        self._windows = [
            (tensors[name], int(axis == 0)) for name, axis in sorted(read.items()) if tensors[name].dim() > _MATRIX
        ]
        """Weights of convolutions, each with the axis that makes outputs: the second of a transposed one."""
        beside = branch_ends(ground.network, ground.groups) if spec.layer_strength else frozenset()
        self._beside = {name: tensors[name] for name in sorted(beside)}
        """Weights of layers whose channels another layer makes too: without them the network is still connected."""
        self._zero = {name: ~weight.detach().any() for name, weight in self._beside.items()}
        """Which of them have come to zero, on their device; they stay there, so a checkpoint's weights tell it."""

    def add_gradients(self) -> None:
        """None for layers and filters that stay zero: a batch norm would magnify theirs by `1 / sqrt(eps)`."""
        if self._spec.strength:
            self._filters.drop_gradients()
        for name, weight in self._beside.items():
            if weight.grad is not None:
                weight.grad.masked_fill_(self._zero[name], 0.0)

    def finish_step(self, learning_rate: float) -> None:
        """Shrink shapes, channels, filters and layers, those that have a strength."""
        spec = self._spec
        if spec.shape_strength:
            for weight, outputs in self._windows:
                shrink_along(weight, (outputs,), learning_rate * spec.shape_strength)
        if spec.channel_strength:
            shrink_channels(self._channels, learning_rate * spec.channel_strength, by_size=True)
        if spec.strength:
            self._filters.shrink(learning_rate * spec.strength, by_size=True)
        self._shrink_layers(learning_rate * spec.layer_strength)

    @torch.no_grad()
    def _shrink_layers(self, strength: float) -> None:
        for name, weight in self._beside.items():
            weight.masked_fill_(self._zero[name], 0.0)
            shrink_along(weight, tuple(range(weight.dim())), strength)
            self._zero[name] = ~weight.any()

    def zero_layers(self) -> Sequence[str]:
        """Layers beside shortcuts, where the penalty on layers left none of their weights."""
        return [name for name, is_zero in self._zero.items() if bool(is_zero)]

    def finish(self) -> dict[str, Tensor]:
        """The weights say it all: a channel scores by the weaker of what makes it and what reads it."""
        return weakest_lines((self._filters.places, self._channels), self._groups)
