"""Id layers of a value: arrays that say which channel lies where, and moving them about.

A layer has as many axes as its value. Along each axis it has the value's size, or 1 where the channels do not vary,
so that it costs as much as there are channels and not as there are elements.
"""

from collections.abc import Sequence
from itertools import pairwise
from math import prod
from typing import TypeAlias

import numpy as np

from worker.engine.coupling.identities import Ids

Shape: TypeAlias = tuple[int, ...]
Block: TypeAlias = tuple[range, range]
"""Old and new axes that hold the same elements."""


def along(ids: Ids, axis: int, axes: int) -> Ids:
    """A layer that has a vector of ids on one of `axes` axes."""
    return ids.reshape([len(ids) if place == axis else 1 for place in range(axes)])


def lift(layer: Ids, axes: int) -> Ids:
    """The layer with axes of size 1 in front, as broadcasting adds them."""
    return layer if layer.ndim == axes else layer.reshape((1,) * (axes - layer.ndim) + layer.shape)


def varying_axes(layer: Ids) -> list[int]:
    """Axes along which the layer has more than one place."""
    return [axis for axis, size in enumerate(layer.shape) if size > 1]


def loosen(layer: Ids, axes: Sequence[int]) -> Ids:
    """Shrink those of the axes along which the ids are all the same."""
    for axis in axes:
        if layer.shape[axis] > 1:
            first = layer.take([0], axis)
            if bool((layer == first).all()):
                layer = first
    return layer


def indexed(layer: Ids, axis: int, index: slice | Ids) -> Ids:
    """Part of the layer along an axis; the layer itself when it does not vary there."""
    if layer.shape[axis] == 1:
        return layer
    part: Ids = layer[(slice(None),) * axis + (index,)]
    return part


def at(layer: Ids, axis: int, place: int) -> Ids:
    """The layer at one place along an axis, which is lost."""
    part: Ids = layer[(slice(None),) * axis + (place if layer.shape[axis] > 1 else 0,)]
    return part


def reshaped(layers: Sequence[Ids], old: Shape, new: Shape) -> list[Ids]:
    """The layers of a value whose shape changes from `old` to `new`, element order unchanged."""
    if old == new:
        return list(layers)
    runs = blocks(old, new) if prod(old) else [(range(len(old)), range(len(new)))]
    return [_reshaped(layer, old, new, runs) for layer in layers]


def blocks(old: Shape, new: Shape) -> list[Block]:
    """The shortest runs of axes that hold the same elements."""
    cuts = [(0, 0)]
    before, after = 0, 0
    while before < len(old) and after < len(new):
        old_size, new_size = old[before], new[after]
        before, after = before + 1, after + 1
        while old_size != new_size:
            if old_size < new_size:
                old_size, before = old_size * old[before], before + 1
            else:
                new_size, after = new_size * new[after], after + 1
        cuts.append((before, after))
    if cuts[-1] != (len(old), len(new)):
        cuts.append((len(old), len(new)))  # axes of size 1 at the end
    return [(range(first[0], last[0]), range(first[1], last[1])) for first, last in pairwise(cuts)]


def _reshaped(layer: Ids, old: Shape, new: Shape, runs: list[Block]) -> Ids:
    """Spread the blocks in which the layer varies, and reshape all at once."""
    full, target = list(layer.shape), [1] * len(new)
    split: list[int] = []
    for before, after in runs:
        if any(layer.shape[axis] > 1 for axis in before):
            for axis in before:
                full[axis] = old[axis]
            for axis in after:
                target[axis] = new[axis]
            if len(after) > 1:
                split += after
    return loosen(np.broadcast_to(layer, full).reshape(target), split)
