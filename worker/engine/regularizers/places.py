"""Where the channels of several groups lie along axes of weights: sums by channel, and weights scaled by channel."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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

    def of(self, values: Tensor) -> Tensor:
        """The values (G,), or (G + 1,) where some places have no channel, in a shape to multiply the weight by."""
        found = values.index_select(0, self.place) if self.span is None else values[self.span]
        return found if self.axis == self.tensor.dim() - 1 else found.view(self.shape)

    def add(self, total: Tensor, lines: Tensor) -> None:
        """Add what was found at each place to the channels' total."""
        if self.span is None:
            total.index_add_(0, self.place, lines)
        else:
            total[self.span].add_(lines)

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


class _Axes:
    """Several axes, and what can be said of all of them."""

    def __init__(self, axes: Sequence[_Axis], count: int) -> None:
        self._axes = tuple(axes)
        self._is_whole = all(axis.span is not None for axis in axes)
        """Every place has a channel, in order."""
        starts = [axis.span.start for axis in axes if axis.span is not None]
        ends = [axis.span.stop for axis in axes if axis.span is not None]
        self._is_tiled = self._is_whole and [*starts, count] == [0, *ends]
        """Each channel lies along one of them, and they follow each other."""
        self._count = count

    def __iter__(self) -> Iterator[_Axis]:
        return iter(self._axes)

    def extended(self, values: Tensor, nobody: float) -> Tensor:
        """What `_Axis.of` takes, of values (G,): with one more for what has no channel, if there is any."""
        return values if self._is_whole else torch.cat([values, values.new_full((1,), nobody)])

    def total(self, lines: Sequence[Tensor]) -> Tensor:
        """Add up what was found at each place of each axis: (G,), or (G + 1,) as `extended`."""
        if self._is_tiled:
            return torch.cat(tuple(lines))
        total = lines[0].new_zeros(self._count if self._is_whole else self._count + 1)
        for axis, found in zip(self._axes, lines, strict=True):
            axis.add(total, found)
        return total


class _Plan:
    """Which weights are scaled, along which axes."""

    def __init__(self, axes: Mapping[tuple[str, int], _Axis], names: Iterable[str], count: int) -> None:
        wanted = set(names)
        chosen = {key: axis for key, axis in axes.items() if key[0] in wanted}
        self.names = tuple(dict.fromkeys(name for name, _ in chosen))
        self.axes = _Axes(list(chosen.values()), count)
        owners = [name for name, _ in chosen]
        self.numbers = [self.names.index(name) for name in owners]
        """Of the weight that each axis belongs to."""
        self.partners = [
            [other for other, owner in enumerate(owners) if owner == name and other != place]
            for place, name in enumerate(owners)
        ]
        """The other axes of each axis's weight."""


class _Scaled(torch.autograd.Function):
    """Weights times the factors of their channels, with the gradients of all in one node."""

    @staticmethod
    def forward(ctx: Any, factors: Tensor, plan: _Plan, *weights: Tensor) -> tuple[Tensor, ...]:
        """`factors` are extended."""
        ctx.plan = plan
        spread = [axis.of(factors) for axis in plan.axes]
        ctx.save_for_backward(*spread, *weights)
        scaled = list(weights)
        for number, own in zip(plan.numbers, spread, strict=True):
            scaled[number] = scaled[number] * own.to(scaled[number].dtype)
        return tuple(scaled)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        plan: _Plan = ctx.plan
        spread, weights = ctx.saved_tensors[: len(plan.numbers)], ctx.saved_tensors[len(plan.numbers) :]
        found, lines = list(gradients), []
        for axis, number, partners, own in zip(plan.axes, plan.numbers, plan.partners, spread, strict=True):
            if ctx.needs_input_grad[0]:
                product = gradients[number] * weights[number]
                for partner in partners:
                    product *= spread[partner]
                lines.append((product.sum(axis.others) if axis.others else product).to(own.dtype))
            found[number] = found[number] * own.to(found[number].dtype)
        return plan.axes.total(lines) if lines else None, None, *found


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
        self._all = _Plan(self._axes, tensors, self.count)
        self._plans: dict[frozenset[str], _Plan] = {}
        self.sizes = self._total(
            lambda axis: axis.tensor.new_full(axis.place.shape, axis.tensor.numel() / len(axis.place))
        )
        """Number of each channel's weights (G,)."""
        self.root_sizes = self.sizes.sqrt()

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
        lines = [lines_of(axis) for axis in self._all.axes]
        return self._all.axes.total(lines)[: self.count] if lines else torch.zeros(self.count)

    def scaled(self, factors: Tensor, drawn: Mapping[str, Tensor] | None = None) -> dict[str, Tensor]:
        """The weights, or those that were `drawn` in their place, times the factors (G,) of their channels, by name."""
        plan, source = (self._all, self._tensors) if drawn is None else (self._plan_of(drawn), drawn)
        weights = (source[name] for name in plan.names)
        scaled = _Scaled.apply(plan.axes.extended(factors, 1), plan, *weights)  # type: ignore[no-untyped-call]
        return dict(zip(plan.names, scaled, strict=True))

    def _plan_of(self, drawn: Mapping[str, Tensor]) -> _Plan:
        names = frozenset(drawn)
        if names not in self._plans:
            self._plans[names] = _Plan(self._axes, names, self.count)
        return self._plans[names]

    @torch.no_grad()
    def scale(self, factors: Tensor) -> None:
        """Multiply the weights in place by the factors (G,) of their channels."""
        extended = self._all.axes.extended(factors, 1)
        for axis in self._all.axes:
            axis.tensor.mul_(axis.of(extended))

    def add_gradients(self, factors: Tensor) -> None:
        """Add the weights times the factors (G,) of their channels to their gradients; call it under `no_grad`."""
        extended = self._all.axes.extended(factors, 0)
        for axis in self._all.axes:
            if axis.tensor.grad is not None:
                axis.tensor.grad.addcmul_(axis.tensor, axis.of(extended))

    def scale_gradients(self, factors: Tensor) -> None:
        """Multiply the weights' gradients by the factors (G,) of their channels; call it under `no_grad`."""
        extended = torch.cat([factors, factors.new_ones(1)])
        for axis in self._axes.values():
            if axis.tensor.grad is not None:
                axis.tensor.grad.mul_(axis.of(extended))

    @torch.no_grad()
    def root_mean_squares(self) -> dict[str, Tensor]:
        """Root mean square of each channel's weights (K,), by group."""
        return self.by_group((self.squared_sums() / self.sizes).sqrt())

    def spread(self, values: Mapping[str, float]) -> Tensor:
        """A number for each group as a vector (G,)."""
        return torch.cat([torch.full((group.width,), values[group.name]) for group in self.groups]).to(self.device)

    def by_group(self, values: Tensor) -> dict[str, Tensor]:
        """Take a vector (G,) apart by group."""
        return {group.name: part for group, part in zip(self.groups, self.parts(values), strict=True)}

    def parts(self, values: Tensor) -> tuple[Tensor, ...]:
        """Take a vector (G,) apart, without a copy."""
        return torch.split(values, [group.width for group in self.groups])


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
