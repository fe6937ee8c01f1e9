"""Dead channels: removing what nobody reads, and what says the same whatever the input."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from backend.domain.bounds import WidthBounds
from worker.engine.constant_channels import find_constants
from worker.engine.constant_places import Constants
from worker.engine.constant_products import additions
from worker.engine.coupling import ChannelGroup, find_groups
from worker.engine.coupling.groups import coupling_of
from worker.engine.graph import Network
from worker.engine.graph.evaluation import Step
from worker.engine.graph.schema import Reference, TensorReference
from worker.engine.surgery import remove, remove_from_tensors, thin_groups

_PLAIN = frozenset({"conv1d", "conv2d", "conv3d", "linear"})


@dataclass(frozen=True)
class Thinned:
    """A network on its way from a dense one."""

    dense: Network
    present: Mapping[str, Tensor]
    """The dense network's channels that are still there, bool (width,) by group."""
    network: Network

    @classmethod
    def whole(cls, network: Network) -> "Thinned":
        """A network of which nothing was removed yet."""
        return cls(
            network, {group.name: torch.ones(group.width, dtype=torch.bool) for group in find_groups(network)}, network
        )

    @property
    def widths(self) -> dict[str, int]:
        """Channels that are still there, by group."""
        return {name: int(mask.sum()) for name, mask in self.present.items()}

    def lost_since(self, earlier: "Thinned") -> tuple[str, ...]:
        """Channels that were there before, as `group:original index`."""
        gone = {name: (mask & ~self.present[name]).nonzero().flatten() for name, mask in earlier.present.items()}
        return tuple(f"{name}:{index}" for name, places in gone.items() for index in places.tolist())

    def without(self, dead: Mapping[str, Tensor], network: Network) -> "Thinned":
        """Without the channels at these positions, bool (channels present,) by group; `network` tells the weights.

        Graph and groups are always made from the dense ones, so that a group stays what it was.
        """
        present = dict(self.present)
        for name, mask in dead.items():
            stays = present[name].clone()
            stays[stays.nonzero().flatten()[mask]] = False
            present[name] = stays
        thin = remove(self.dense, present)
        keep = {name: ~mask for name, mask in dead.items()}
        weights = remove_from_tensors(network.tensors, thin_groups(self.dense, self.present), keep)
        tensors = {name: weights[name] if own.is_floating_point() else own for name, own in thin.tensors.items()}
        return replace(self, present=present, network=replace(thin, tensors=tensors))


def remove_dead(thinned: Thinned, bounds: Mapping[str, WidthBounds] | None = None) -> Thinned:
    """The network without its dead channels; in evaluation mode it answers the same, up to rounding.

    A channel is dead when every layer that reads it has only zeros for it, or when it is constant: all the weights
    that make it are zero, and what its biases and norms leave is folded into the biases (or the running means) of the
    layers that read it. A constant other than zero in front of a padded convolution is not constant at the border:
    such channels stay. Groups end at widths that their `bounds` allow, which may keep a few; without bounds every
    group keeps its smallest multiple. Groups whose removal is not exact, or that are not what they were in the dense
    network (a grouped convolution may have become a plain one), are left alone.
    """
    limits = {
        group.name: WidthBounds(group.width, group.multiple, group.multiple) for group in find_groups(thinned.dense)
    }
    limits.update(bounds or {})
    while True:
        network, dead = _without_readers(thinned, limits)
        if not dead:
            return thinned
        thinned = thinned.without(dead, network)


def _without_readers(thinned: Thinned, bounds: Mapping[str, WidthBounds]) -> tuple[Network, Mapping[str, Tensor]]:
    """What can go in one pass, and the network in which nobody needs it any more."""
    network = thinned.network
    constants = find_constants(network)
    goes: dict[str, Tensor] = {}
    shifts: dict[str, Tensor] = {}
    for name, group in _kept_groups(thinned):
        readers = _readers(network, group)
        if readers is None or group.inexact:
            continue
        dead = torch.stack([reader.is_indifferent(constants) for reader in readers]).all(0)
        spare = bounds[name].holding(group.width - int(dead.sum()), group.width) - (group.width - int(dead.sum()))
        dead[dead.nonzero().flatten()[:spare]] = False
        if not bool(dead.any()):
            continue
        goes[name] = dead
        for reader in readers:
            shift = reader.shift(constants, dead)
            shifts[reader.step.node.name] = shifts.get(reader.step.node.name, torch.zeros_like(shift)) + shift
    return _shifted(network, shifts), goes


def _kept_groups(thinned: Thinned) -> Iterator[tuple[str, ChannelGroup]]:
    """Groups of the thinner network that hold what they held in the dense one, with their names there."""
    found = {_places(group): group for group in find_groups(thinned.network)}
    for group in thin_groups(thinned.dense, thinned.present):
        same = found.get(_places(group))
        if same is not None:
            yield group.name, same


def _places(group: ChannelGroup) -> frozenset[tuple[str, int, tuple[int, ...]]]:
    """Where a group's channels lie, as something to compare."""
    return frozenset((item.tensor, item.axis, tuple(item.index.flatten().tolist())) for item in group.members)


@dataclass(frozen=True)
class _Reader:
    """One layer that reads a group's channels."""

    network: Network
    step: Step
    source: str
    axis: int
    """Axis of the source that holds the channels."""
    index: Tensor
    """Positions of each channel on the weight's input axis, int64 (width, k); those of one block of a grouped one."""
    target: tuple[str, float] | None
    """Tensor that takes up a constant, and with which sign; None where there is no place for one."""

    def is_indifferent(self, constants: Mapping[str, Constants]) -> Tensor:
        """Which channels it ignores, or could have as a constant, bool (width,)."""
        values = self._additions(constants)
        fits = values.isfinite() if self.target is not None else values == 0
        return fits.all(0)

    def shift(self, constants: Mapping[str, Constants], dead: Tensor) -> Tensor:
        """What the dead channels add to each of its outputs (outputs,)."""
        return self._additions(constants)[:, dead].sum(1)

    def _additions(self, constants: Mapping[str, Constants]) -> Tensor:
        """What each channel adds to each output (outputs, width); NaN where that depends on the input."""
        weight = self.network.tensors[self.step.bound["weight"].tensor]
        return additions(self.step, weight, constants.get(self.source), self.axis)[:, self.index].sum(2)


def _readers(network: Network, group: ChannelGroup) -> list[_Reader] | None:
    """All that read a group's channels; None when one of them is no convolution or linear layer that is used once.

    A channel of a grouped convolution's input is one in each of its blocks: it is dead when all of them are.
    """
    steps = {step.node.name: step for step in network.steps}
    slots = {(member.tensor, member.axis): member.index for member in group.members if not member.makes}
    readers: dict[str, _Reader] = {}
    for read in coupling_of(network).reads_of(group):
        step = steps[read.node]
        weight = step.bound.get("weight")
        if step.kind not in _PLAIN or not isinstance(weight, TensorReference):
            return None
        index = slots.get((weight.tensor, 1))
        if index is None or weight.tensor in readers:
            return None
        target = _target(network, step)
        readers[weight.tensor] = _Reader(network, step, read.source, read.axis, index, target)
    return list(readers.values()) or None


def _target(network: Network, step: Step) -> tuple[str, float] | None:
    """Where a constant can be added to a layer's outputs: its bias, or the mean that the only reader subtracts."""
    bias = step.bound.get("bias")
    if isinstance(bias, TensorReference):
        return bias.tensor, 1.0
    users = [other for other in network.steps if Reference(step.node.name) in other.bound.values()]
    if len(users) == 1 and users[0].kind == "batch_norm" and step.node.name not in network.graph.outputs:
        mean = users[0].bound["running_mean"]
        if isinstance(mean, TensorReference):
            return mean.tensor, -1.0
    return None


def _shifted(network: Network, shifts: Mapping[str, Tensor]) -> Network:
    """The network with constants added to the outputs of layers, by node name."""
    tensors = dict(network.tensors)
    for step in network.steps:
        shift = shifts.get(step.node.name)
        target = None if shift is None else _target(network, step)
        if shift is not None and target is not None and bool(shift.any()):
            name, sign = target
            tensors[name] = (tensors[name].double() + sign * shift).to(tensors[name].dtype)
    return replace(network, tensors=tensors)
