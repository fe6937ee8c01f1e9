"""Which group gives the next channel."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from backend.domain.network import Layer
from worker.engine.registry import Registry


@dataclass(frozen=True)
class Candidates:
    """Every group's next channel, float64 (G,); groups at their minimum width are not eligible."""

    objectives: Tensor
    densities: Tensor
    """Width over dense width."""
    is_eligible: Tensor
    """Bool (G,)."""
    layers: Sequence[Sequence[Layer]] = ()
    """Of every group, the layers that make its channels."""


class ChannelAllocation(Protocol):
    """Picks groups."""

    def compared(self, scores: Tensor) -> Tensor:
        """What is compared between groups in place of the scores of the channels that one has left, ascending (m,)."""
        ...

    def next_group(self, candidates: Candidates) -> int:
        """Index of the group that gives a channel; the first in forward order wins a tie."""
        ...


ALLOCATIONS: Registry[ChannelAllocation] = Registry("allocation")
