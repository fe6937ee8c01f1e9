"""Global ranking, by score or by LAMP score, and thinning every layer alike or by its size."""

from collections.abc import Sequence
from math import prod

import torch
from torch import Tensor

from backend.domain.allocations import ErkAllocation, GlobalAllocation, LampAllocation, UniformAllocation
from backend.domain.network import Layer
from backend.domain.weights import weight_count
from worker.engine.allocations.allocation import ALLOCATIONS, Candidates
from worker.engine.allocations.weight_ranking import lamp_scores


class _ByScore:
    """Groups are compared by the scores of their channels."""

    def compared(self, scores: Tensor) -> Tensor:
        """As they are."""
        return scores


class _SmallestFirst(_ByScore):
    """The channel with the smallest objective of all groups."""

    def next_group(self, candidates: Candidates) -> int:
        """Smallest objective among the eligible."""
        return int(torch.where(candidates.is_eligible, candidates.objectives, torch.inf).argmin())


@ALLOCATIONS.register(GlobalAllocation)
class Global(_SmallestFirst):
    """All groups are ranked together."""

    def __init__(self, spec: GlobalAllocation) -> None:
        self.spec = spec


@ALLOCATIONS.register(UniformAllocation)
class Uniform(_ByScore):
    """The group with the greatest density left, beside what the recipe says it may keep."""

    def __init__(self, spec: UniformAllocation) -> None:
        self.spec = spec

    def next_group(self, candidates: Candidates) -> int:
        """Greatest density over factor among the eligible."""
        densities, factors = candidates.densities, self.spec.factors
        if factors:
            own = [prod(factors.get(layer.name, 1.0) for layer in layers) for layers in candidates.layers]
            densities = densities / densities.new_tensor(own)
        return _greatest(densities, candidates)


@ALLOCATIONS.register(ErkAllocation)
class ErkChannels(_ByScore):
    """The group with the greatest density left, beside the share that the sizes of its layers give it."""

    def __init__(self, spec: ErkAllocation) -> None:
        self.spec = spec

    def next_group(self, candidates: Candidates) -> int:
        """Greatest density over share among the eligible."""
        shares = candidates.densities.new_tensor([_erk_share(layers) for layers in candidates.layers])
        return _greatest(candidates.densities / shares, candidates)


@ALLOCATIONS.register(LampAllocation)
class LampChannels(_SmallestFirst):
    """The channel with the smallest share in what is left of its group; scores must be norms."""

    def __init__(self, spec: LampAllocation) -> None:
        self.spec = spec

    def compared(self, scores: Tensor) -> Tensor:
        """LAMP scores of the group's norms."""
        return lamp_scores(scores)


def _erk_share(layers: Sequence[Layer]) -> float:
    """Sum of the sizes of the layers' weights over their products."""
    counts = [weight_count(layer) for layer in layers]
    sizes = [
        count // (layer.width * prod(layer.kernel)) + layer.width + sum(layer.kernel)
        for layer, count in zip(layers, counts, strict=True)
    ]
    return sum(sizes) / sum(counts) if sum(counts) else 1.0


def _greatest(values: Tensor, candidates: Candidates) -> int:
    return int(torch.where(candidates.is_eligible, values, -torch.inf).argmax())
