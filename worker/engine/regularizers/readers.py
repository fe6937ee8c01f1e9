"""The weights that read a group's channels: multiplied by a gate there, every layer sees gated channels."""

from collections.abc import Iterable
from typing import Any

from worker.engine.coupling import ChannelGroup, Member
from worker.engine.coupling.groups import coupling_of
from worker.engine.graph import Network
from worker.engine.graph.operations import RECURRENT
from worker.engine.graph.schema import TensorReference

_UNIT_AXIS = 1
"""Axis of a recurrent layer's weights that reads units, its own or those of the layer below."""


def reading_members(network: Network, group: ChannelGroup) -> tuple[Member, ...]:
    """Where stored weights read the channels; empty when something else reads them too, such as a product of two.

    Multiplying these weights along these axes is exactly multiplying the channels wherever they are read.
    """
    followers = {
        (item.tensor, item.axis): item
        for item in group.members
        if not item.makes and network.tensors[item.tensor].dim() > 1
    }
    readers = {read.node for read in coupling_of(network).reads_of(group)}
    found: dict[tuple[str, int], Member] = {}
    for step in network.steps:
        is_recurrent = step.kind in RECURRENT
        if not is_recurrent and step.node.name not in readers:
            continue
        names = set(_tensors(step.bound.values()))
        places = [place for place in followers if place[0] in names and (not is_recurrent or place[1] == _UNIT_AXIS)]
        if step.node.name in readers and not places:
            return ()
        found |= {place: followers[place] for place in places}
    return tuple(found.values())


def _tensors(arguments: Iterable[Any]) -> Iterable[str]:
    """Names of the stored tensors among arguments, lists opened."""
    for argument in arguments:
        if isinstance(argument, TensorReference):
            yield argument.tensor
        elif isinstance(argument, list):
            yield from _tensors(argument)
