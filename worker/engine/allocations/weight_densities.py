"""Densities by layer from one number for all of them: uniform, and after the Erdos-Renyi kernel."""

from collections.abc import Sequence
from math import floor, prod

from backend.domain.allocations import ErkAllocation, UniformAllocation
from backend.domain.weights import Budget
from worker.engine.allocations.weight_allocation import WEIGHT_ALLOCATIONS, RankedLayer

_HALVINGS = 100


@WEIGHT_ALLOCATIONS.register(UniformAllocation)
class UniformWeights:
    """Every layer keeps the same share of its weights, or as many times as much as the recipe says."""

    def __init__(self, spec: UniformAllocation) -> None:
        self.spec = spec

    def keep(self, layers: Sequence[RankedLayer], budget: Budget) -> list[int]:
        """One density for all, times the layers' factors."""
        factors = self.spec.factors
        return _keep_shares(layers, budget, [factors.get(layer.name, 1.0) for layer in layers])


@WEIGHT_ALLOCATIONS.register(ErkAllocation)
class Erk:
    """Small layers keep more (Evci et al. 2020)."""

    def __init__(self, spec: ErkAllocation) -> None:
        self.spec = spec

    def keep(self, layers: Sequence[RankedLayer], budget: Budget) -> list[int]:
        """Densities in proportion to `(n_in + n_out + kernel) / (n_in * n_out * kernel)`, at most 1."""
        return _keep_shares(layers, budget, [erk_share(layer.sizes) for layer in layers])


def erk_share(sizes: Sequence[tuple[int, ...]]) -> float:
    """Sum of a layer's sizes over their product; the tensors of a recurrent layer are added up."""
    return sum(sum(size) for size in sizes) / sum(prod(size) for size in sizes)


def _keep_shares(layers: Sequence[RankedLayer], budget: Budget, shares: Sequence[float]) -> list[int]:
    """`min(1, scale * share)` of every layer's dense weights, with the largest scale that the budget allows.

    What rounding down leaves of the budget goes to the layers that lost most by it.
    """

    def wanted(scale: float) -> list[float]:
        return [
            min(layer.count, max(layer.floor, scale * share * layer.dense.count))
            for layer, share in zip(layers, shares, strict=True)
        ]

    def is_affordable(amounts: Sequence[float]) -> bool:
        return sum(worth * amount for worth, amount in zip(budget.worth, amounts, strict=True)) <= budget.allowance

    low, high = 0.0, 1.0 / min(shares, default=1.0)
    if is_affordable(wanted(high)):
        return [layer.count for layer in layers]
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if is_affordable(wanted(middle)) else (low, middle)
    amounts = wanted(high)
    kept = [floor(amount) for amount in amounts]
    return _spend(kept, [amount - whole for amount, whole in zip(amounts, kept, strict=True)], layers, budget)


def _spend(kept: list[int], lost: Sequence[float], layers: Sequence[RankedLayer], budget: Budget) -> list[int]:
    """Give single weights back, most lost first, as long as the budget allows."""
    left = -budget.need(kept)
    order = sorted(range(len(kept)), key=lambda index: (-lost[index], index))
    for index in order:
        if kept[index] < layers[index].count and budget.worth[index] <= left:
            kept[index] += 1
            left -= budget.worth[index]
    return kept
