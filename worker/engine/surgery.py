"""Removing channels for real: thinner tensors, and the sizes burned into the graph mended."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from worker.engine.coupling import ChannelGroup
from worker.engine.coupling.groups import Coupling, coupling_of
from worker.engine.coupling.identities import Ids
from worker.engine.coupling.values import Slot
from worker.engine.graph import Network
from worker.engine.mending import mend


def remove(network: Network, keep: Mapping[str, Tensor]) -> Network:
    """The network without the channels whose `keep` mask (width,) is False, by group name; others stay whole.

    Raises `ValueError` for an unknown group, a mask of the wrong width, or a group that would lose every channel.
    """
    coupling = coupling_of(network)
    groups = {group.name: group for group in coupling.groups}
    check_masks(groups, keep)
    if all(bool(mask.all()) for mask in keep.values()):
        return network
    gone = _gone_ids(coupling, groups, keep)
    tensors = remove_from_tensors(network.tensors, coupling.groups, keep)
    for name, source in coupling.trace.indices.items():
        tensors[name] = _renumbered(tensors[name], gone[source])
    nodes = mend(network.steps, coupling.trace, gone)
    infos = tuple(
        info if info.shape == (shape := tuple(tensors[info.name].shape)) else info.model_copy(update={"shape": shape})
        for info in network.graph.tensors
    )
    graph = network.graph.model_copy(update={"nodes": nodes, "tensors": infos})
    return replace(network, graph=graph, tensors=tensors)


def remove_from_tensors(
    tensors: Mapping[str, Tensor], groups: Sequence[ChannelGroup], keep: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """Slice tensors that bear the parameters' names and shapes, such as momentum buffers.

    Names that no group mentions are left alone, and so are scalars (an optimizer's step counters).
    """
    gone = _gone_positions(groups, keep)
    result = dict(tensors)
    for (name, axis), positions in gone.items():
        tensor = result.get(name)
        if tensor is None or not tensor.dim():
            continue
        stays = torch.ones(tensor.size(axis), dtype=torch.bool)
        stays[positions] = False
        result[name] = tensor.index_select(axis, torch.nonzero(stays).flatten().to(tensor.device))
    return result


def put_back(
    thin: Mapping[str, Tensor],
    dense: Mapping[str, Tensor],
    groups: Sequence[ChannelGroup],
    keep: Mapping[str, Tensor],
) -> dict[str, Tensor]:
    """Undo `remove_from_tensors`: the tensors in the shapes of those of the `dense` network, zero where it cut."""
    counts = {name: torch.arange(dense[name].numel()).view(dense[name].shape) for name in thin}
    places = remove_from_tensors(counts, groups, keep)
    result = {}
    for name, tensor in thin.items():
        whole = tensor.new_zeros(dense[name].numel())
        whole[places[name].flatten().to(tensor.device)] = tensor.flatten()
        result[name] = whole.view(dense[name].shape)
    return result


def thin_groups(network: Network, keep: Mapping[str, Tensor]) -> tuple[ChannelGroup, ...]:
    """The groups of `network` as they lie in `remove(network, keep)`: the same names, units and order, thinner.

    Looking for groups anew in a thin network could tie its channels in another way: a grouped convolution may have
    become a plain one.
    """
    coupling = coupling_of(network)
    groups = {group.name: group for group in coupling.groups}
    check_masks(groups, keep)
    gone = _gone_ids(coupling, groups, keep)

    def place(index: Tensor, ids: Ids, mask: Tensor) -> Tensor:
        return torch.from_numpy(np.cumsum(~gone[ids]) - 1)[index[mask]]

    thin = []
    for group in coupling.groups:
        mask = keep.get(group.name, torch.ones(group.width, dtype=torch.bool)).cpu()
        members = (
            replace(item, index=place(item.index, coupling.trace.slots[Slot(item.tensor, item.axis)], mask))
            for item in group.members
        )
        gates = (replace(site, index=place(site.index, coupling.ids_at(site), mask)) for site in group.gates)
        thin.append(replace(group, width=int(mask.sum()), members=tuple(members), gates=tuple(gates)))
    return tuple(thin)


def check_masks(groups: Mapping[str, ChannelGroup], keep: Mapping[str, Tensor]) -> None:
    """Raise `ValueError` unless every mask fits its group and leaves a channel."""
    for name, mask in keep.items():
        group = groups.get(name)
        if group is None:
            raise ValueError(f"there is no channel group `{name}`")
        if mask.dtype != torch.bool or tuple(mask.shape) != (group.width,):
            raise ValueError(f"the mask of `{name}` must be {group.width} booleans")
        if not bool(mask.any()):
            raise ValueError(f"`{name}` would lose all of its {group.width} channels")
        if int(mask.sum()) % group.multiple:
            raise ValueError(f"the width of `{name}` must stay a multiple of {group.multiple}")


def _gone_positions(groups: Sequence[ChannelGroup], keep: Mapping[str, Tensor]) -> dict[tuple[str, int], Tensor]:
    """Positions to drop by tensor and axis; several groups may share one axis (after a concatenation)."""
    gone: dict[tuple[str, int], list[Tensor]] = defaultdict(list)
    for group in groups:
        mask = keep.get(group.name)
        if mask is None or bool(mask.all()):
            continue
        goes = torch.nonzero(~mask.cpu()).flatten()
        for member in group.members:
            gone[member.tensor, member.axis].append(member.index.index_select(0, goes).flatten())
    return {place: torch.cat(positions) for place, positions in gone.items()}


def _gone_ids(coupling: Coupling, groups: Mapping[str, ChannelGroup], keep: Mapping[str, Tensor]) -> NDArray[np.bool_]:
    """Whether each id's channel goes, bool (ids,)."""
    roots = coupling.solution.roots
    gone = np.zeros(len(roots), dtype=bool)
    for name, mask in keep.items():
        member = groups[name].members[0]
        channels = roots[coupling.trace.slots[Slot(member.tensor, member.axis)]][member.index[:, 0].numpy()]
        gone[channels[~mask.cpu().numpy()]] = True
    result: NDArray[np.bool_] = gone[roots]
    return result


def _renumbered(index: Tensor, gone: NDArray[np.bool_]) -> Tensor:
    """Positions of an axis as they are counted once those that go are gone."""
    return torch.from_numpy(np.cumsum(~gone) - 1)[index.long()].to(index.dtype)
