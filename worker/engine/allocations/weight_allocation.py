"""How many weights each layer keeps."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from backend.domain.weights import Budget, LayerWeights
from worker.engine.registry import Registry


@dataclass(frozen=True)
class RankedLayer:
    """The weights that one layer still has, worst first."""

    scores: Tensor
    """(m,), ascending."""
    spread: float
    """Standard deviation of these weights."""
    sizes: tuple[tuple[int, ...], ...]
    """Shapes of the layer's tensors."""
    dense: LayerWeights
    name: str = ""

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.scores)

    @property
    def floor(self) -> int:
        """How many stay at least."""
        return min(self.dense.floor, self.count)


class WeightAllocation(Protocol):
    """Divides a budget among layers; inside a layer the worst weights go."""

    def keep(self, layers: Sequence[RankedLayer], budget: Budget) -> list[int]:
        """Weights that each layer keeps: at least its floor, at most what it has, all in all no more than the budget.

        As much is kept as the budget allows, to the last weight, unless floors alone exceed it.
        """
        ...


WEIGHT_ALLOCATIONS: Registry[WeightAllocation] = Registry("allocation of weights")
