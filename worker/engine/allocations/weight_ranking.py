"""All weights ranked together: by score, by LAMP score, or against the spread of their layer."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from backend.domain.allocations import GlobalAllocation, LampAllocation, LayerThresholdAllocation
from backend.domain.weights import Budget
from worker.engine.allocations.weight_allocation import WEIGHT_ALLOCATIONS, RankedLayer


@WEIGHT_ALLOCATIONS.register(GlobalAllocation)
class GlobalWeights:
    """The lowest scores of the whole network go."""

    def __init__(self, spec: GlobalAllocation) -> None:
        self.spec = spec

    def keep(self, layers: Sequence[RankedLayer], budget: Budget) -> list[int]:
        """Rank by score."""
        return _keep_best(layers, budget, lambda layer: layer.scores)


@WEIGHT_ALLOCATIONS.register(LampAllocation)
class Lamp:
    """The lowest shares in what is left of the layer go (Lee et al. 2021)."""

    def __init__(self, spec: LampAllocation) -> None:
        self.spec = spec

    def keep(self, layers: Sequence[RankedLayer], budget: Budget) -> list[int]:
        """Rank by LAMP score; scores must be magnitudes."""
        return _keep_best(layers, budget, lambda layer: lamp_scores(layer.scores))


@WEIGHT_ALLOCATIONS.register(LayerThresholdAllocation)
class LayerThreshold:
    """What is small beside the spread of its layer goes (Han et al. 2015)."""

    def __init__(self, spec: LayerThresholdAllocation) -> None:
        self.spec = spec

    def keep(self, layers: Sequence[RankedLayer], budget: Budget) -> list[int]:
        """Rank by `|w| / (factor * std)`: the threshold s is where the budget is met; scores must be magnitudes."""
        factors = self.spec.factors

        def rank(layer: RankedLayer) -> Tensor:
            return layer.scores.double() / ((layer.spread or 1.0) * factors.get(layer.name, 1.0))

        return _keep_best(layers, budget, rank)


def lamp_scores(magnitudes: Tensor) -> Tensor:
    """`|w_u|^2 / sum over v >= u of |w_v|^2` of ascending magnitudes (m,), float64; zeros score zero."""
    squares = magnitudes.double().square()
    rest = squares.flip(0).cumsum(0).flip(0)
    return torch.where(rest > 0, squares / rest, 0.0)


def _keep_best(layers: Sequence[RankedLayer], budget: Budget, rank: Callable[[RankedLayer], Tensor]) -> list[int]:
    """Take the shortest run of the lowest ranks that meets the budget; ties go by layer, then by position.

    Layers whose weights count for nothing keep them all.
    """
    counts = [layer.count for layer in layers]
    need = budget.need(counts)
    free = [layer.count - layer.floor if worth else 0 for layer, worth in zip(layers, budget.worth, strict=True)]
    if need <= 0 or not sum(free):
        return counts
    ranks = torch.cat([rank(layer)[:size] for layer, size in zip(layers, free, strict=True)])
    sizes, worth = (torch.tensor(values, device=ranks.device) for values in (free, budget.worth))
    owner = torch.repeat_interleave(torch.arange(len(layers), device=ranks.device), sizes)
    owner = owner[ranks.argsort(stable=True)]
    saved = worth[owner].cumsum(0)
    gone = owner[: int(torch.searchsorted(saved, need)) + 1].bincount(minlength=len(layers))
    return [count - int(lost) for count, lost in zip(counts, gone.tolist(), strict=True)]
