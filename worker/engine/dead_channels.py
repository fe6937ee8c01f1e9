"""Dead channels: removing what nobody reads, and what says the same whatever the input."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from worker.engine.constant_channels import Constants, additions, find_constants
from worker.engine.coupling import ChannelGroup, find_groups
from worker.engine.coupling.groups import coupling_of
from worker.engine.graph import Network
from worker.engine.graph.evaluation import Step
from worker.engine.graph.schema import Reference, TensorReference
from worker.engine.surgery import remove

_PLAIN = frozenset({"conv1d", "conv2d", "conv3d", "linear"})


def remove_dead(network: Network) -> Network:
    """The network without its dead channels; in evaluation mode it answers the same, up to rounding.

    A channel is dead when every layer that reads it has only zeros for it, or when it is constant: all the weights
    that make it are zero, and what its biases and norms leave is folded into the biases (or the running means) of the
    layers that read it. A constant other than zero in front of a padded convolution is not constant at the border:
    such channels stay. Every group keeps a channel.
    """
    while True:
        thinner = _once(network)
        if thinner is network:
            return network
        network = thinner


def _once(network: Network) -> Network:
    constants = find_constants(network)
    keep: dict[str, Tensor] = {}
    shifts: dict[str, Tensor] = {}
    for group in find_groups(network):
        readers = _readers(network, group)
        if readers is None or group.inexact:
            continue
        dead = torch.ones(group.width, dtype=torch.bool)
        for reader in readers:
            dead &= reader.is_indifferent(constants)
        if bool(dead.all()):
            dead[0] = False
        if not bool(dead.any()):
            continue
        keep[group.name] = ~dead
        for reader in readers:
            shift = reader.shift(constants, dead)
            shifts[reader.step.node.name] = shifts.get(reader.step.node.name, torch.zeros_like(shift)) + shift
    return remove(_shifted(network, shifts), keep) if keep else network


@dataclass(frozen=True)
class _Reader:
    """One layer that reads a group's channels."""

    network: Network
    step: Step
    source: str
    axis: int
    """Axis of the source that holds the channels."""
    index: Tensor
    """Positions of each channel on the weight's input axis, int64 (width, k)."""
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
    """All that read a group's channels; None when one of them is no plain layer that is used once."""
    steps = {step.node.name: step for step in network.steps}
    slots = {(member.tensor, member.axis): member.index for member in group.members if not member.makes}
    readers: dict[str, _Reader] = {}
    for read in coupling_of(network).reads_of(group):
        step = steps[read.node]
        weight = step.bound.get("weight")
        if step.kind not in _PLAIN or step.bound.get("groups", 1) != 1 or not isinstance(weight, TensorReference):
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
