"""Families: channels that occur in the same tensors and are read by the same nodes, equally often."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from worker.engine.coupling.identities import PINNED, Ids

_MULTIPLIERS = (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
"""Of SplitMix64 (Steele et al. 2014)."""


@dataclass(frozen=True)
class Family:
    """Channels that go one by one and look alike to every owner (an axis of a tensor, or a read)."""

    width: int
    roots: Ids
    """Root id of every channel (width,), in the order of their first places."""
    places: Mapping[int, Ids]
    """By number of the owner, the places where it holds each channel (width, k)."""


def find_families(owners: Sequence[Ids]) -> list[Family]:
    """The families of all channels that are not PINNED; `owners` hold the root ids along their axes."""
    sizes = [len(owner) for owner in owners]
    roots = np.concatenate(owners) if owners else np.zeros(0, np.int64)
    owner = np.repeat(np.arange(len(owners)), sizes)
    place = np.concatenate([np.arange(size) for size in sizes]) if sizes else roots
    free = np.flatnonzero(roots != PINNED)
    if not len(free):
        return []
    roots, owner, place = roots[free], owner[free], place[free]
    channels, first, channel = np.unique(roots, return_index=True, return_inverse=True)
    family = _families(channel, owner, first)
    rank = np.empty(len(channels), np.int64)
    rank[np.lexsort((first, family))] = np.arange(len(channels))
    # channels are numbered by family and first place now; sort all places by family, owner, channel
    number, width = rank[channel], np.bincount(family)
    order = np.lexsort((number, owner, family[channel]))
    return _gathered(order, (family[channel], owner, place), channels[np.argsort(rank)], width)


def _families(channel: Ids, owner: Ids, first: Ids) -> Ids:
    """Number of each channel's family: families are told apart by a hash over their owners, counted."""
    marks = np.zeros(len(first), np.uint64)
    np.add.at(marks, channel, _hash(owner.astype(np.uint64) + np.uint64(1)))
    names, family = np.unique(marks, return_inverse=True)
    earliest = np.full(len(names), len(channel))
    np.minimum.at(earliest, family, first)
    order = np.argsort(earliest)
    position = np.empty_like(order)
    position[order] = np.arange(len(order))
    numbers: Ids = position[family]
    return numbers


def _hash(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Well-mixed 64-bit values: sums of them tell multisets apart."""
    with np.errstate(over="ignore"):
        numbers = numbers * np.uint64(_MULTIPLIERS[0])
        for shift, multiplier in zip((30, 27), _MULTIPLIERS[1:], strict=True):
            numbers = (numbers ^ (numbers >> np.uint64(shift))) * np.uint64(multiplier)
        return numbers ^ (numbers >> np.uint64(31))


def _gathered(order: Ids, entries: tuple[Ids, Ids, Ids], channels: Ids, widths: Ids) -> list[Family]:
    """Cut the sorted places into those of one family in one owner."""
    family, owner, place = (entry[order] for entry in entries)
    starts = np.flatnonzero(np.r_[True, (family[1:] != family[:-1]) | (owner[1:] != owner[:-1])])
    ends = np.r_[starts[1:], len(order)]
    places: list[dict[int, Ids]] = [{} for _ in widths]
    for start, end, number, holder in zip(
        starts.tolist(), ends.tolist(), family[starts].tolist(), owner[starts].tolist(), strict=True
    ):
        places[number][holder] = place[start:end].reshape(widths[number], -1)
    cuts = np.r_[0, np.cumsum(widths)]
    return [
        Family(int(width), channels[cuts[number] : cuts[number + 1]], places[number])
        for number, width in enumerate(widths)
    ]
