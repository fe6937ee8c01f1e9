"""Channel identities: every channel of every tensor gets an id, and ids that must go together are joined."""

from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Ids: TypeAlias = NDArray[np.int64]

PINNED = 0
"""Id of everything that may not be removed."""


@dataclass(frozen=True)
class Pin:
    """Locked ids, the node that locks them, and a sentence that says why."""

    ids: Ids
    node: str
    reason: str


@dataclass(frozen=True)
class Solution:
    """Which ids belong together, once all joins are known."""

    free_roots: Ids
    """For every id the smallest id it is joined with, directly or through others (count,)."""
    pins: tuple[Pin, ...]

    @cached_property
    def roots(self) -> Ids:
        """As `free_roots`, but PINNED where one of the joined ids is locked (count,)."""
        locked = self.causes >= 0
        locked[PINNED] = True
        return np.where(locked[self.free_roots], PINNED, self.free_roots)

    @cached_property
    def causes(self) -> Ids:
        """Number of the first pin that locks each root; -1 where none does (count,)."""
        causes = np.full(len(self.free_roots), -1)
        for number in reversed(range(len(self.pins))):
            causes[self.free_roots[self.pins[number].ids]] = number
        return causes


class Ledger:
    """Hands out ids and collects which of them are joined; the joins are solved all at once."""

    def __init__(self) -> None:
        self.count = PINNED + 1
        self.node = ""
        """The node that is being looked at: it answers for what is joined or locked."""
        self._edges: list[tuple[Ids, Ids]] = []
        self._nodes: list[str] = []
        self._pins: list[Pin] = []

    def new(self, width: int) -> Ids:
        """Fresh ids (width,)."""
        ids = np.arange(self.count, self.count + width)
        self.count += width
        return ids

    def join(self, left: Ids, right: Ids) -> None:
        """Join ids at the same place of two arrays that broadcast; what is joined with PINNED is locked."""
        if left is not right:
            if left.shape != right.shape:
                left, right = np.broadcast_arrays(left, right)
            self._edges.append((left.ravel(), right.ravel()))
            self._nodes.append(self.node)

    def pin(self, ids: Ids, reason: str) -> None:
        """Lock the channels of `ids`, with a sentence that says why."""
        self._pins.append(Pin(ids.ravel(), self.node, reason))

    def solve(self) -> Solution:
        """Which ids belong together by all that was said so far."""
        if not self._edges:
            return Solution(np.arange(self.count), tuple(self._pins))
        left = np.concatenate([edge[0] for edge in self._edges])
        right = np.concatenate([edge[1] for edge in self._edges])
        differs = left != right
        locked = differs & ((left == PINNED) | (right == PINNED))
        pins = self._pins + (self._locked_by_joining(left, right, locked) if locked.any() else [])
        free = differs & ~locked
        labels = self._labels(left[free], right[free])
        _, smallest = np.unique(labels, return_index=True)
        return Solution(smallest[labels], tuple(pins))

    def tying_node(self, ids: Ids) -> str:
        """The node at whose joins the last of these ids came together with the others; "" where they never did."""
        low, high = 0, len(self._edges)
        if not self._are_one(ids, high):
            return ""
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if self._are_one(ids, middle) else (middle + 1, high)
        return self._nodes[low - 1] if low else ""

    def _are_one(self, ids: Ids, count: int) -> bool:
        """Whether the first `count` joins put all of these ids together; PINNED joins nothing."""
        if not count:
            return len(np.unique(ids)) == 1
        left, right = (np.concatenate([edge[side] for edge in self._edges[:count]]) for side in (0, 1))
        labels = self._labels(*(side[(left != PINNED) & (right != PINNED)] for side in (left, right)))
        return len(np.unique(labels[ids])) == 1

    def _labels(self, left: Ids, right: Ids) -> Ids:
        """A number for every id, the same for those that are joined (count,)."""
        edges = coo_array((np.ones(len(left)), (left, right)), shape=(self.count, self.count))
        return connected_components(edges, directed=False)[1].astype(np.int64, copy=False)

    def _locked_by_joining(self, left: Ids, right: Ids, locked: NDArray[np.bool_]) -> list[Pin]:
        """Pins of the ids that were joined with PINNED, by the node that joined them."""
        numbers = np.repeat(np.arange(len(self._edges)), [len(edge[0]) for edge in self._edges])[locked]
        ids = np.maximum(left, right)[locked]
        reason = "combines them with what cannot be removed, such as the network's input"
        return [
            Pin(ids[numbers == number], self._nodes[number], f"`{self._nodes[number]}` {reason}")
            for number in np.unique(numbers)
        ]
