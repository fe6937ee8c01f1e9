"""One learned multiplier for each channel of the network, applied to the weights that read the channels."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from backend.domain.errors import FailureCode, JobFailure
from worker.engine.coupling import ChannelGroup
from worker.engine.regularizers.readers import reading_members
from worker.engine.regularizers.regularizer import Ground


class ChannelGates:
    """The gated channels of all groups in one vector (G,), in forward order.

    A channel's multiplier acts where the channel is read, after norms and activations, so that zero is removal, and
    any other value can be folded into the weights exactly, whatever the layers are.
    """

    def __init__(self, ground: Ground) -> None:
        self._parameters: Mapping[str, nn.Parameter] = dict(ground.module.named_parameters())
        members = {group.name: reading_members(ground.network, group) for group in ground.groups}
        self.groups: tuple[ChannelGroup, ...] = tuple(group for group in ground.groups if members[group.name])
        """Groups that have gates; what other operations than layers read has none and stays whole."""
        self._whole = tuple(group for group in ground.groups if not members[group.name])
        if not self.groups:
            raise JobFailure(
                FailureCode.INVALID_RECIPE,
                "No channel of the network can have a gate: each is read by something else than a layer's weights.",
                "Choose the regularizer `group_lasso`, or leave sparsify out.",
            )
        self.count = sum(group.width for group in self.groups)
        self.device = next(iter(self._parameters.values())).device
        self._places: dict[tuple[str, int], Tensor] = {}
        start = 0
        for group in self.groups:
            channels = torch.arange(start, start + group.width)
            start += group.width
            for member in members[group.name]:
                place = self._places.setdefault(
                    (member.tensor, member.axis),
                    torch.full((self._parameters[member.tensor].size(member.axis),), self.count),
                )
                place[member.index] = channels[:, None]
        self._places = {key: place.to(self.device) for key, place in self._places.items()}

    def gated(self, multipliers: Tensor) -> dict[str, Tensor]:
        """The reading weights times the multipliers (G,) of the channels that they read, by name."""
        extended = torch.cat([multipliers, multipliers.new_ones(1)])
        weights: dict[str, Tensor] = {}
        for (name, axis), place in self._places.items():
            weight = weights.get(name, self._parameters[name])
            shape = [1] * weight.dim()
            shape[axis] = -1
            weights[name] = weight * extended[place].view(shape).to(weight.dtype)
        return weights

    @torch.no_grad()
    def fold(self, multipliers: Tensor) -> None:
        """Write the gated weights into the network."""
        for name, weight in self.gated(multipliers).items():
            self._parameters[name].copy_(weight)

    def per_group(self, values: Tensor) -> dict[str, Tensor]:
        """Take a vector (G,) apart by group; groups without gates get ones."""
        widths = [group.width for group in self.groups]
        names = [group.name for group in self.groups]
        parts = dict(zip(names, torch.split(values, widths), strict=True))
        return parts | {group.name: torch.ones(group.width) for group in self._whole}

    def spread(self, values: Mapping[str, float]) -> Tensor:
        """A number for each group as a vector (G,)."""
        return torch.cat([torch.full((group.width,), values[group.name]) for group in self.groups]).to(self.device)

    def squared_norms(self) -> Tensor:
        """Sum of squares of the weights that make each channel (G,)."""
        squares: dict[tuple[str, int], Tensor] = {}
        norms = []
        for group in self.groups:
            total = torch.zeros(group.width, device=self.device)
            for member in group.members:
                if not member.makes:
                    continue
                key = (member.tensor, member.axis)
                if key not in squares:
                    tensor = self._parameters[member.tensor]
                    others = [axis for axis in range(tensor.dim()) if axis != member.axis]
                    squares[key] = tensor.square().sum(others) if others else tensor.square()
                total = total + squares[key][member.index.to(self.device)].sum(1)
            norms.append(total)
        return torch.cat(norms)
