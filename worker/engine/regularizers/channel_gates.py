"""One learned multiplier for each channel of the network, applied to the weights that read the channels."""

import torch
from torch import Tensor

from backend.domain.errors import FailureCode, JobFailure
from worker.engine.regularizers.layer_gates import LayerGates
from worker.engine.regularizers.places import ChannelPlaces, making_members
from worker.engine.regularizers.readers import reading_members
from worker.engine.regularizers.regularizer import Ground


class ChannelGates:
    """The gated channels of all groups in one vector (G,), in forward order.

    A channel's multiplier acts where the channel is read, after norms and activations, so that zero is removal, and
    any other value can be folded into the weights exactly, whatever the layers are.
    """

    def __init__(self, ground: Ground) -> None:
        parameters = dict(ground.module.named_parameters())
        readers = {group.name: reading_members(ground.network, group) for group in ground.groups}
        self.groups = tuple(group for group in ground.groups if readers[group.name])
        """Groups that have gates; what other operations than layers read has none and stays whole."""
        self._whole = tuple(group for group in ground.groups if not readers[group.name])
        if not self.groups:
            raise JobFailure(
                FailureCode.INVALID_RECIPE,
                "No channel of the network can have a gate: each is read by something else than a layer's weights.",
                "Choose the regularizer `group_lasso`, or leave sparsify out.",
            )
        self.reading = ChannelPlaces(self.groups, readers, parameters)
        """The weights that read each channel."""
        makers = {group.name: making_members(group) for group in self.groups}
        self.making = ChannelPlaces(self.groups, makers, parameters)
        """The weights that make each channel."""
        self.count, self.device = self.reading.count, self.reading.device

    def gated(self, multipliers: Tensor) -> dict[str, Tensor]:
        """The reading weights times the multipliers (G,) of the channels that they read, by name."""
        return self.reading.scaled(multipliers)

    def fold(self, multipliers: Tensor) -> None:
        """Write the gated weights into the network."""
        self.reading.scale(multipliers)

    def by_layer(
        self, probabilities: Tensor | None, is_open: Tensor | None, gradient_variance: Tensor | None = None
    ) -> list[LayerGates]:
        """Vectors (G,) as gates of the groups' first layers."""
        shares, flags, variances = (
            dict[str, Tensor]() if values is None else self.reading.by_group(values)
            for values in (probabilities, is_open, gradient_variance)
        )
        return [
            LayerGates(group.layers[0], shares.get(group.name), flags.get(group.name), variances.get(group.name))
            for group in self.groups
        ]

    def per_group(self, values: Tensor) -> dict[str, Tensor]:
        """Take a vector (G,) apart by group; groups without gates get ones."""
        return self.reading.by_group(values) | self.whole()

    def whole(self) -> dict[str, Tensor]:
        """Ones for the groups without gates."""
        return {group.name: torch.ones(group.width) for group in self._whole}
