"""Networks as they are handed out: without dead channels, and without layers whose residual branch is dead."""

from collections.abc import Collection, Mapping
from dataclasses import replace

import torch

from backend.domain.bounds import WidthBounds
from worker.engine.counting import count_macs, count_parameters, layer_weights
from worker.engine.coupling import find_groups
from worker.engine.coupling.values import layer_name
from worker.engine.dead_branches import silence
from worker.engine.dead_channels import Thinned, remove_dead
from worker.engine.dead_layers import remove_dead_layers
from worker.engine.graph import Network
from worker.engine.layout import Size


def finish(thinned: Thinned, bounds: Mapping[str, WidthBounds], pins: Collection[str]) -> Thinned:
    """The network without what is dead; in evaluation mode it answers the same, up to rounding.

    First channels go, down to widths that their `bounds` allow, then layers, but for those whose branch holds a layer
    in `pins`. Groups that only such layers made are gone as a whole, below their bounds. The same value comes back
    where nothing is dead.
    """
    silent = silence(thinned.network, pins)
    needed = remove_dead(thinned if silent is thinned.network else replace(thinned, network=silent), bounds)
    if needed is thinned:
        return thinned
    short = remove_dead_layers(needed.network, pins)
    if short is needed.network:
        return needed
    present = {
        group.name: torch.zeros(group.width, dtype=torch.bool)
        for group in find_groups(thinned.dense)
        if all(member.tensor not in short.tensors for member in group.members if member.makes)
    }
    return replace(needed, present={**needed.present, **present}, network=short)


def lost_layers(dense: Network, network: Network) -> Mapping[int, str]:
    """Places, in forward order, and names of the dense network's layers that a network made of it lacks."""
    left = frozenset(layer_weights(network))
    return {place: layer_name(name) for place, name in enumerate(layer_weights(dense)) if name not in left}


def sized_without(size: Size, lost: Collection[int], network: Network) -> Size:
    """The size of a network that lost layers, from what its groups' widths tell: width 0 where a layer is gone."""
    if not lost:
        return size
    widths = tuple(0 if place in lost else width for place, width in enumerate(size.widths))
    return replace(size, macs=count_macs(network), parameters=count_parameters(network), widths=widths)


def spread(values: tuple[int, ...], lost: Collection[int]) -> tuple[int, ...]:
    """Numbers of a network's layers as numbers of the dense network's: 0 where a layer is gone."""
    rest = iter(values)
    return tuple(0 if place in lost else next(rest) for place in range(len(values) + len(lost)))
