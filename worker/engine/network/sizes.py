"""How a network's operations and weights follow from the widths of its channel groups."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from math import prod
from typing import TypeAlias

import numpy as np

from backend.domain.network import AxisShares, OperationSize, WeightSize
from worker.engine.counting import use_of
from worker.engine.coupling import ChannelGroup
from worker.engine.coupling.groups import coupling_of
from worker.engine.coupling.identities import Ids
from worker.engine.coupling.values import Slot, layer_name
from worker.engine.graph import Network
from worker.engine.graph.schema import TensorReference
from worker.engine.macs import Axis, multiplied_axes

_Shares: TypeAlias = tuple[tuple[str, int], ...]
"""Name of each group along an axis, and how many positions one of its units holds there."""


def operation_sizes(network: Network, groups: Sequence[ChannelGroup]) -> tuple[OperationSize, ...]:
    """Every product of axes of which one gets smaller with a group; those of a layer with equal axes are one."""
    held = _Holders(network, groups)
    macs: Counter[tuple[str, tuple[tuple[int, _Shares], ...]]] = Counter()
    for step in network.steps:
        for axes in multiplied_axes(step, network):
            thinned = sorted((axis.size, shares) for axis in axes if (shares := held.of(axis)))
            if thinned:
                use = use_of(step, network)
                layer = "" if use is None else layer_name(use.weight)
                macs[layer, tuple(thinned)] += prod(axis.size for axis in axes)
    return tuple(
        OperationSize(
            layer=layer, macs=count, axes=tuple(AxisShares(size=size, groups=shares) for size, shares in axes)
        )
        for (layer, axes), count in macs.items()
    )


def weight_sizes(
    network: Network, groups: Sequence[ChannelGroup], parameters: Collection[str]
) -> tuple[WeightSize, ...]:
    """Every parameter of two or more axes that gets smaller with a group."""
    axes: dict[str, dict[int, dict[str, int]]] = defaultdict(lambda: defaultdict(dict))
    for group in groups:
        for member in group.members:
            if member.tensor in parameters and network.tensors[member.tensor].dim() > 1:
                axes[member.tensor][member.axis][group.name] = member.index.size(1)
    return tuple(
        WeightSize(
            layer=layer_name(name),
            parameters=network.tensors[name].numel(),
            axes=tuple(
                AxisShares(size=network.tensors[name].size(axis), groups=tuple(spans.items()))
                for axis, spans in sorted(by_axis.items())
            ),
        )
        for name, by_axis in axes.items()
    )


def product_axes(network: Network, groups: Sequence[ChannelGroup]) -> Mapping[str, tuple[AxisShares, ...]]:
    """The axes that are the output channels of products with a parameter, by layer."""
    held = _Holders(network, groups)
    found: dict[str, tuple[AxisShares, ...]] = {}
    for step in network.steps:
        use = use_of(step, network)
        if use is not None and use.outputs:
            shape, value = network.tensors[use.weight].shape, TensorReference(use.weight)
            axes = (Axis(value, place, shape[place]) for place in use.outputs)
            found[layer_name(use.weight)] = tuple(AxisShares(size=axis.size, groups=held.of(axis)) for axis in axes)
    return found


class _Holders:
    """The groups along any axis of a network's values and tensors, by the ids of the channels that lie there."""

    def __init__(self, network: Network, groups: Sequence[ChannelGroup]) -> None:
        coupling = coupling_of(network)
        self._found, self._roots = coupling.trace, coupling.solution.roots
        self._groups = groups
        self._group = np.full(len(self._roots), -1)
        for number, group in enumerate(groups):
            member = group.members[0]
            ids = self._found.slots[Slot(member.tensor, member.axis)][member.index[:, 0].numpy()]
            self._group[self._roots[ids]] = number

    def of(self, axis: Axis) -> _Shares:
        """Groups along an axis; one whose units do not all hold as many positions there is left out."""
        ids = self._line(axis)
        if ids is None:
            return ()
        roots, counts = np.unique(self._roots[ids], return_counts=True)
        numbers = self._group[roots]
        found = []
        for number in np.unique(numbers[numbers >= 0]).tolist():
            own, group = counts[numbers == number], self._groups[number]
            if len(own) == group.width and bool((own == own[0]).all()):
                found.append((group.name, int(own[0])))
        return tuple(found)

    def _line(self, axis: Axis) -> Ids | None:
        """Id of every position; None where nothing may go. A layer varies along one of its axes, once all is joined."""
        if isinstance(axis.value, TensorReference):
            return self._found.slots.get(Slot(axis.value.tensor, axis.place))
        for layer in self._found.values[axis.value.node].layers:
            if layer.shape[axis.place] > 1:
                line: Ids = layer.swapaxes(0, axis.place).reshape(axis.size, -1)[:, 0]
                return line
        return None
