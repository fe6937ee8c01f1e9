"""Where the channels of several groups lie along axes of weights: sums by channel, and weights scaled by channel."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from worker.engine.coupling import ChannelGroup, Member


class _SquaredLines(torch.autograd.Function):
    """Sums of squares along one axis: one pass over the weight forward, one backward."""

    @staticmethod
    def forward(ctx: Any, weight: Tensor, axis: int) -> Tensor:
        ctx.save_for_backward(weight)
        ctx.axis = axis
        others = [other for other in range(weight.dim()) if other != axis]
        return torch.linalg.vector_norm(weight, dim=others).square() if others else weight.square()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (weight,) = ctx.saved_tensors
        shape = [1] * weight.dim()
        shape[ctx.axis] = -1
        return weight * (2 * gradients[0]).view(shape), None


class ChannelPlaces:
    """All channels of the groups numbered through, in forward order: vectors (G,) hold one value for each."""

    def __init__(
        self,
        groups: Sequence[ChannelGroup],
        members: Mapping[str, Sequence[Member]],
        tensors: Mapping[str, Tensor],
    ) -> None:
        """`members` by group say which weights count as a channel's; `tensors` are live, and changed in place."""
        self.groups = tuple(groups)
        self.count = sum(group.width for group in groups)
        self._tensors = tensors
        self._places: dict[tuple[str, int], Tensor] = {}
        start = 0
        for group in self.groups:
            numbers = torch.arange(start, start + group.width)
            start += group.width
            for member in members[group.name]:
                key = (member.tensor, member.axis)
                nobody = torch.full((tensors[member.tensor].size(member.axis),), self.count)
                self._places.setdefault(key, nobody)[member.index] = numbers[:, None]
        self.device = next((tensors[name].device for name, _ in self._places), torch.device("cpu"))
        self._places = {key: place.to(self.device) for key, place in self._places.items()}
        self.sizes = self.sums(torch.ones_like).detach()
        """Number of each channel's weights (G,)."""

    @property
    def tensors(self) -> frozenset[str]:
        """Names of the weights."""
        return frozenset(name for name, _ in self._places)

    @property
    def places(self) -> Mapping[tuple[str, int], Tensor]:
        """The channel at each place along an axis of a weight, by its name and the axis; G where there is none."""
        return self._places

    def sums(self, of: Callable[[Tensor], Tensor]) -> Tensor:
        """Sum over each channel's weights of an element-wise function, (G,) float32 or wider."""
        total: Tensor | None = None
        for (name, axis), place in self._places.items():
            values = of(self._tensors[name])
            others = [other for other in range(values.dim()) if other != axis]
            lines = values.sum(others) if others else values
            total = lines.new_zeros(self.count + 1) if total is None else total
            total = total.index_add(0, place, lines)
        return torch.zeros(self.count) if total is None else total[:-1]

    def squared_sums(self) -> Tensor:
        """Sum of squares of each channel's weights (G,); as `sums`, in fewer passes over the weights."""
        total: Tensor | None = None
        for (name, axis), place in self._places.items():
            lines: Tensor = _SquaredLines.apply(self._tensors[name], axis)  # type: ignore[no-untyped-call]
            total = lines.new_zeros(self.count + 1) if total is None else total
            total = total.index_add(0, place, lines)
        return torch.zeros(self.count) if total is None else total[:-1]

    def scaled(self, factors: Tensor, drawn: Mapping[str, Tensor] | None = None) -> dict[str, Tensor]:
        """The weights, or those that were `drawn` in their place, times the factors (G,) of their channels, by name."""
        source = self._tensors if drawn is None else drawn
        extended = torch.cat([factors, factors.new_ones(1)])
        weights: dict[str, Tensor] = {}
        for (name, axis), place in self._places.items():
            if name not in source:
                continue
            weight = weights.get(name, source[name])
            shape = [1] * weight.dim()
            shape[axis] = -1
            weights[name] = weight * extended[place].view(shape).to(weight.dtype)
        return weights

    @torch.no_grad()
    def scale(self, factors: Tensor) -> None:
        """Multiply the weights in place by the factors (G,) of their channels."""
        for name, weight in self.scaled(factors).items():
            self._tensors[name].copy_(weight)

    @torch.no_grad()
    def root_mean_squares(self) -> dict[str, Tensor]:
        """Root mean square of each channel's weights (K,), by group."""
        return self.by_group((self.squared_sums() / self.sizes).sqrt())

    def spread(self, values: Mapping[str, float]) -> Tensor:
        """A number for each group as a vector (G,)."""
        return torch.cat([torch.full((group.width,), values[group.name]) for group in self.groups]).to(self.device)

    def by_group(self, values: Tensor) -> dict[str, Tensor]:
        """Take a vector (G,) apart by group."""
        parts: tuple[Tensor, ...] = values.split([group.width for group in self.groups])  # type: ignore[no-untyped-call]
        return {group.name: part for group, part in zip(self.groups, parts, strict=True)}


def making_members(group: ChannelGroup) -> tuple[Member, ...]:
    """Where weights make the group's channels, in all of its layers."""
    return tuple(member for member in group.members if member.makes)


def weakest_lines(lines: Sequence[ChannelPlaces], groups: Sequence[ChannelGroup]) -> dict[str, Tensor]:
    """Per channel (K,) the smallest root mean square of its several lines of weights; ones for a group without any.

    A channel is gone as soon as one of its lines is: what makes it, or what reads it.
    """
    found = [places.root_mean_squares() for places in lines]
    scores = {}
    for group in groups:
        parts = [scales[group.name] for scales in found if group.name in scales]
        scores[group.name] = torch.stack(parts).amin(0) if parts else torch.ones(group.width)
    return scores
