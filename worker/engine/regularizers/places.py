"""Where the channels of several groups lie along axes of weights: sums by channel, and weights scaled by channel."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from worker.engine.coupling import ChannelGroup, Member


@dataclass(frozen=True)
class _Axis:
    """The channels along one axis of a weight."""

    tensor: Tensor
    """The live weight."""
    axis: int
    place: Tensor
    """The channel at each place; G where there is none."""
    span: slice | None
    """The same where neighbors along the axis are neighbors among the channels: nothing has to be gathered."""

    def of(self, extended: Tensor) -> Tensor:
        """The values (G + 1,) of the channels, in a shape to multiply the weight by."""
        found = extended.index_select(0, self.place) if self.span is None else extended[self.span]
        return found.view(self.shape)

    def add(self, total: Tensor, lines: Tensor) -> None:
        """Add what was found at each place to the channels' total (G + 1,)."""
        if self.span is None:
            total.index_add_(0, self.place, lines)
        else:
            total[self.span] += lines

    @property
    def size(self) -> float:
        """Number of weights at each place."""
        return self.tensor.numel() / len(self.place)

    @cached_property
    def others(self) -> list[int]:
        """The weight's other axes."""
        return [axis for axis in range(self.tensor.dim()) if axis != self.axis]

    @cached_property
    def shape(self) -> list[int]:
        """Of a value for each place, to multiply the weight by."""
        return [-1 if axis == self.axis else 1 for axis in range(self.tensor.dim())]


class _Scaled(torch.autograd.Function):
    """Weights times the factors of their channels, with the gradients of all in one node."""

    @staticmethod
    def forward(ctx: Any, extended: Tensor, axes: Sequence[tuple[int, _Axis]], *weights: Tensor) -> tuple[Tensor, ...]:
        """`axes` with the number of the weight that each belongs to; `extended` are factors (G + 1,)."""
        ctx.axes = axes
        ctx.save_for_backward(extended, *weights)
        scaled = list(weights)
        for number, axis in axes:
            scaled[number] = scaled[number] * axis.of(extended).to(scaled[number].dtype)
        return tuple(scaled)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        extended, *weights = ctx.saved_tensors
        slopes = torch.zeros_like(extended)
        found = list(gradients)
        for number, axis in ctx.axes:
            product = gradients[number] * weights[number]
            for other_number, other in ctx.axes:
                if other_number == number and other is not axis:
                    product *= other.of(extended)
            lines = product.sum(axis.others) if axis.others else product
            axis.add(slopes, lines.to(slopes.dtype))
            found[number] = found[number] * axis.of(extended).to(found[number].dtype)
        return slopes, None, *found


def _span(place: Tensor) -> slice | None:
    start = int(place[0])
    return slice(start, start + len(place)) if torch.equal(place, start + torch.arange(len(place))) else None


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
        spans = {key: _span(place) for key, place in self._places.items()}
        self._places = {key: place.to(self.device) for key, place in self._places.items()}
        self._axes = {
            (name, axis): _Axis(tensors[name], axis, place, spans[name, axis])
            for (name, axis), place in self._places.items()
        }
        self.sizes = self._total(
            lambda axis: axis.tensor.new_full(axis.place.shape, axis.tensor.numel() / len(axis.place))
        )
        """Number of each channel's weights (G,)."""
        self.root_sizes = self.sizes.sqrt()
        self._names = list(dict.fromkeys(name for name, _ in self._axes))

    @property
    def tensors(self) -> frozenset[str]:
        """Names of the weights."""
        return frozenset(name for name, _ in self._places)

    @property
    def places(self) -> Mapping[tuple[str, int], Tensor]:
        """The channel at each place along an axis of a weight, by its name and the axis; G where there is none."""
        return self._places

    def absolute_sums(self) -> Tensor:
        """Sum of absolute values of each channel's weights (G,), float32 or wider; call it under `no_grad`."""
        return self._total(lambda axis: _sums(axis, 1))

    def squared_sums(self) -> Tensor:
        """Sum of squares of each channel's weights (G,), float32 or wider; call it under `no_grad`."""
        return self._total(lambda axis: _sums(axis, 2))

    def _total(self, lines_of: Callable[[_Axis], Tensor]) -> Tensor:
        total: Tensor | None = None
        for axis in self._axes.values():
            lines = lines_of(axis)
            total = lines.new_zeros(self.count + 1) if total is None else total
            axis.add(total, lines)
        return torch.zeros(self.count) if total is None else total[:-1]

    def scaled(self, factors: Tensor, drawn: Mapping[str, Tensor] | None = None) -> dict[str, Tensor]:
        """The weights, or those that were `drawn` in their place, times the factors (G,) of their channels, by name."""
        source = self._tensors if drawn is None else drawn
        extended = torch.cat([factors, factors.new_ones(1)])
        names = [name for name in self._names if name in source]
        axes = [(names.index(name), axis) for (name, _), axis in self._axes.items() if name in source]
        scaled = _Scaled.apply(extended, axes, *(source[name] for name in names))  # type: ignore[no-untyped-call]
        return dict(zip(names, scaled, strict=True))

    @torch.no_grad()
    def scale(self, factors: Tensor) -> None:
        """Multiply the weights in place by the factors (G,) of their channels."""
        extended = torch.cat([factors, factors.new_ones(1)])
        for axis in self._axes.values():
            axis.tensor.mul_(axis.of(extended))

    def add_gradients(self, factors: Tensor) -> None:
        """Add the weights times the factors (G,) of their channels to their gradients; call it under `no_grad`."""
        extended = torch.cat([factors, factors.new_zeros(1)])
        for axis in self._axes.values():
            if axis.tensor.grad is not None:
                axis.tensor.grad.addcmul_(axis.tensor, axis.of(extended))

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


def _sums(axis: _Axis, power: Literal[1, 2]) -> Tensor:
    """Sum of the weights' absolute values or squares at each place; in one pass where they lie one after another."""
    if not axis.others:
        return axis.tensor.abs() if power == 1 else axis.tensor.square()
    if axis.axis == 0:
        norms: Tensor = torch.linalg.vector_norm(axis.tensor, power, dim=axis.others)
        return norms if power == 1 else norms.square_()
    return (axis.tensor.abs() if power == 1 else axis.tensor.square()).sum(axis.others)


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
