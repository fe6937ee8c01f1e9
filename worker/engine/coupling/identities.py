"""Channel identities: every channel of every tensor gets an id, and ids that must go together are joined."""

from collections.abc import Sequence

import numpy as np
import torch
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from torch import Tensor

NOTHING = 0
"""Id of an element that belongs to no channel (constants)."""
PINNED = 1
"""Id of everything that may not be removed (inputs, outputs, and what an unknown operation touches)."""


class Ledger:
    """Hands out ids and collects which of them are joined; the joins are solved all at once.

    Id tensors have the shape of the value they describe, with stride 0 along every axis on which they do not vary.
    """

    def __init__(self) -> None:
        self.count = PINNED + 1
        self._left: list[Tensor] = []
        self._right: list[Tensor] = []
        self.pins: list[tuple[Tensor, str]] = []
        """Locked ids, and why."""

    def new(self, width: int) -> Tensor:
        """Fresh ids (width,)."""
        ids = torch.arange(self.count, self.count + width)
        self.count += width
        return ids

    def join(self, left: Tensor, right: Tensor) -> None:
        """Join ids at the same place of two tensors that broadcast; NOTHING joins nothing."""
        shape = torch.broadcast_shapes(left.shape, right.shape)  # type: ignore[no-untyped-call]  # torch leaves it untyped
        left, right = compact_pair(left.expand(shape), right.expand(shape))
        for ids, other in ((left, right), (right, left)):
            if bool((other == PINNED).any()):
                self.pin(ids[other == PINNED], "they are combined with the network's input or with locked channels")
        differs = (left > PINNED) & (right > PINNED) & (left != right)
        if bool(differs.any()):
            self._left.append(left[differs])
            self._right.append(right[differs])

    def pin(self, ids: Tensor, reason: str) -> None:
        """Lock the channels of `ids`, with a sentence that says why."""
        unique = torch.unique(compact(ids))
        unique = unique[unique > PINNED]
        if unique.numel():
            self.pins.append((unique, reason))

    def roots(self) -> Tensor:
        """For every id the smallest id it is joined with, directly or through others; PINNED where one is (count,)."""
        roots = self.free_roots()
        locked = torch.zeros(self.count, dtype=torch.bool)
        locked[PINNED] = True
        for ids, _ in self.pins:
            locked[roots[ids]] = True
        return torch.where(locked[roots], PINNED, roots)

    def free_roots(self) -> Tensor:
        """As `roots`, with locked channels told apart (count,)."""
        if not self._left:
            return torch.arange(self.count)
        left, right = torch.cat(self._left).numpy(), torch.cat(self._right).numpy()
        edges = coo_matrix((np.ones(len(left), dtype=np.int8), (left, right)), shape=(self.count, self.count))
        _, labels = connected_components(edges, directed=False)
        smallest = np.full(labels.max() + 1, self.count)
        np.minimum.at(smallest, labels, np.arange(self.count))
        return torch.from_numpy(smallest[labels])


def varies(ids: Tensor, axis: int) -> bool:
    """Whether ids differ along an axis."""
    if ids.size(axis) < 2 or ids.stride(axis) == 0:
        return False
    ids = compact(ids)
    return bool((ids != ids.narrow(axis, 0, 1)).any())


def compact(ids: Tensor) -> Tensor:
    """Shrink every stride-0 axis to one element."""
    for axis in range(ids.dim()):
        if ids.size(axis) > 1 and ids.stride(axis) == 0:
            ids = ids.narrow(axis, 0, 1)
    return ids


def compact_pair(left: Tensor, right: Tensor) -> tuple[Tensor, Tensor]:
    """Shrink the axes on which neither of two tensors of one shape varies."""
    for axis in range(left.dim()):
        if left.size(axis) > 1 and left.stride(axis) == 0 and right.stride(axis) == 0:
            left, right = left.narrow(axis, 0, 1), right.narrow(axis, 0, 1)
    return left, right


def loosen(ids: Tensor) -> Tensor:
    """Give stride 0 to every axis along which the ids do not vary."""
    shape = ids.shape
    ids = compact(ids)
    for axis in range(ids.dim()):
        if ids.size(axis) > 1 and bool((ids == ids.narrow(axis, 0, 1)).all()):
            ids = ids.narrow(axis, 0, 1)
    return ids.expand(shape)


def along(ids: Tensor, axis: int, shape: Sequence[int]) -> Tensor:
    """Spread a vector of ids along one axis of a shape."""
    view = [1] * len(shape)
    view[axis] = len(ids)
    return ids.reshape(view).expand(tuple(shape))


def varying_axes(ids: Tensor) -> list[int]:
    """Axes along which the ids differ."""
    return [axis for axis in range(ids.dim()) if varies(ids, axis)]
