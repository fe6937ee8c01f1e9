"""Structured sparsity by group lasso: filters, channels, shapes and layers (Wen et al. 2016)."""

from torch import Tensor

from backend.domain.regularizers import GroupLassoRegularizer
from worker.engine.regularizers.places import ChannelPlaces, making_members, weakest_lines
from worker.engine.regularizers.readers import reading_members
from worker.engine.regularizers.regularizer import REGULARIZERS, Ground, MakeRegularizer, Neutral
from worker.engine.regularizers.shrinking import shrink_along, shrink_channels

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
    and channels of one layer cross, and are shrunk in turn.
    """

    def __init__(self, spec: GroupLassoRegularizer, ground: Ground) -> None:
        self._spec, self._groups = spec, ground.groups
        tensors = dict(ground.module.named_parameters())
        readers = {group.name: reading_members(ground.network, group) for group in ground.groups}
        makers = {group.name: making_members(group) for group in ground.groups}
        self._filters = ChannelPlaces(ground.groups, makers, tensors)
        self._channels = ChannelPlaces([group for group in ground.groups if readers[group.name]], readers, tensors)
        read = sorted(self._channels.tensors)
        self._windows = [tensors[name] for name in read if tensors[name].dim() > _MATRIX]
        shared = [members[1:] for members in makers.values()]
        self._beside = [tensors[name] for name in sorted({member.tensor for rest in shared for member in rest})]
        """Weights of layers whose channels another layer makes too: without them the network is still connected."""

    def finish_step(self, learning_rate: float) -> None:
        """Shrink shapes, channels, filters and layers, those that have a strength."""
        spec = self._spec
        if spec.shape_strength:
            for weight in self._windows:
                shrink_along(weight, (0,), learning_rate * spec.shape_strength)
        if spec.channel_strength:
            shrink_channels(self._channels, learning_rate * spec.channel_strength, by_size=True)
        shrink_channels(self._filters, learning_rate * spec.strength, by_size=True)
        if spec.layer_strength:
            for weight in self._beside:
                shrink_along(weight, tuple(range(weight.dim())), learning_rate * spec.layer_strength)

    def finish(self) -> dict[str, Tensor]:
        """The weights say it all: a channel scores by the weaker of what makes it and what reads it."""
        return weakest_lines((self._filters, self._channels), self._groups)
