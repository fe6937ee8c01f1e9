"""Which group gives the next channel."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from worker.engine.registry import Registry


@dataclass(frozen=True)
class Candidates:
    """Every group's next channel, float64 (G,); groups at their minimum width are not eligible."""

    objectives: Tensor
    densities: Tensor
    """Width over dense width."""
    is_eligible: Tensor
    """Bool (G,)."""
    layers: Sequence[Sequence[str]] = ()
    """Of every group, the layers that make its channels."""


class ChannelAllocation(Protocol):
    """Picks groups."""

    def next_group(self, candidates: Candidates) -> int:
        """Index of the group that gives a channel; the first in forward order wins a tie."""
        ...


ALLOCATIONS: Registry[ChannelAllocation] = Registry("allocation")
