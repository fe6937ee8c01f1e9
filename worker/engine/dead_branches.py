"""Residual branches that say the same whatever the input, and what a network still needs without them."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from worker.engine.constant_channels import find_constants
from worker.engine.constant_places import Constants
from worker.engine.counting import use_of
from worker.engine.coupling.values import layer_name
from worker.engine.graph import Network
from worker.engine.graph.evaluation import Step
from worker.engine.graph.schema import Reference, TensorReference, references, tensor_names

_PLAIN = frozenset({"conv1d", "conv2d", "conv3d", "linear"})


@dataclass(frozen=True)
class Branch:
    """An addition of which one side does not depend on the input."""

    addition: str
    trunk: str
    """The other side, of the same shape and type as the sum."""
    source: str
    """The side that is constant."""
    constant: Constants
    """What is added to the trunk; it broadcasts to one example of it."""


@dataclass(frozen=True)
class Bypass:
    """The way through a network that passes by some of its branches."""

    original: Network
    constants: Mapping[str, Constants]
    """Of the original's nodes."""
    branches: Mapping[str, Branch]
    """By addition, in forward order."""

    @cached_property
    def needed(self) -> frozenset[str]:
        """Nodes and inputs that the outputs need; a sum needs its trunk alone."""
        needed = set(self.original.graph.outputs)
        for step in reversed(self.original.steps):
            if step.node.name in needed:
                needed.update(self.sources(step))
        return frozenset(needed)

    @cached_property
    def layers(self) -> frozenset[str]:
        """Names of the layers that are needed."""
        steps = (step for step in self.original.steps if step.node.name in self.needed)
        return frozenset(layer_name(use.weight) for step in steps if (use := use_of(step, self.original)) is not None)

    def sources(self, step: Step) -> list[str]:
        """Nodes and inputs that a node reads."""
        branch = self.branches.get(step.node.name)
        return [branch.trunk] if branch is not None else sources(step)

    @property
    def is_whole(self) -> bool:
        """Every input is still read, and every output still comes from a node of its own."""
        graph = self.original.graph
        inputs = {info.name for info in graph.inputs}
        made = [self._after(name) for name in graph.outputs]
        return inputs <= self.needed and inputs.isdisjoint(made) and len(set(made)) == len(made)

    def _after(self, name: str) -> str:
        while (branch := self.branches.get(name)) is not None and not branch.constant.any():
            name = branch.trunk
        return name


def sources(step: Step) -> list[str]:
    """Nodes and inputs that a node reads, as often as it reads them."""
    return [name for value in (*step.args, *step.kwargs.values()) for name in references(value)]


def pass_by(network: Network, pins: Collection[str]) -> Bypass:
    """Pass by every dead branch, but for those that hold no layer, or one in `pins`."""
    constants = find_constants(network)
    way = Bypass(network, constants, {})
    for branch in _find_branches(network, constants):
        wider = replace(way, branches={**way.branches, branch.addition: branch})
        lost = way.layers - wider.layers
        size = sum(tensor.numel() for name, tensor in network.tensors.items() if layer_name(name) in lost)
        if lost and lost.isdisjoint(pins) and np.count_nonzero(branch.constant) <= size and wider.is_whole:
            way = wider
    return way


def silence(network: Network, pins: Collection[str]) -> Network:
    """The network with zero weights in those layers of dead branches whose results are of no consequence.

    Then channels that only they read are dead as well. What a dead branch adds was found without knowing these results,
    so it stays the same. The same value comes back where there is no such layer.
    """
    way = pass_by(network, pins)
    if not way.branches:
        return network
    kept = {name for step in network.steps if step.node.name in way.needed for name in tensor_names(step.node)}
    lost = (step for step in network.steps if step.node.name not in way.needed | way.constants.keys())
    weights = (step.bound["weight"] for step in lost if step.kind in _PLAIN)
    names = {weight.tensor for weight in weights if isinstance(weight, TensorReference)} - kept
    zero = {name: torch.zeros_like(network.tensors[name]) for name in names}
    return replace(network, tensors={**network.tensors, **zero})


def _find_branches(network: Network, constants: Mapping[str, Constants]) -> Iterator[Branch]:
    """Sums and differences of which exactly one side is wholly constant, and the other is like the result."""
    for step in network.steps:
        if step.node.target not in ("aten.add.Tensor", "aten.sub.Tensor"):
            continue
        sides, factor = [step.bound["self"], step.bound["other"]], step.bound["alpha"]
        if not all(isinstance(side, Reference) for side in sides):
            continue
        left, right = (_wholly_known(constants.get(side.node)) for side in sides)
        if left is None and right is not None:
            trunk, source = sides
            value = right * (factor if step.kind == "add" else -factor)
        elif left is not None and right is None and step.kind == "add" and factor == 1:
            source, trunk = sides
            value = left
        else:
            continue
        if are_alike(network, trunk.node, step.node.name):
            yield Branch(step.node.name, trunk.node, source.node, value)


def _wholly_known(values: Constants | None) -> Constants | None:
    return values if values is not None and bool(np.isfinite(values).all()) else None


def are_alike(network: Network, name: str, other: str) -> bool:
    """Whether two values are floating-point tensors of one shape and type."""
    first, second = network.shapes[name], network.shapes[other]
    is_float = isinstance(first, Tensor) and first.is_floating_point()
    return bool(is_float and first.shape == second.shape and first.dtype == second.dtype)
