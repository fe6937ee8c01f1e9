"""Global ranking, and thinning every layer alike."""

from math import prod

import torch

from backend.domain.allocations import GlobalAllocation, UniformAllocation
from worker.engine.allocations.allocation import ALLOCATIONS, Candidates


@ALLOCATIONS.register(GlobalAllocation)
class Global:
    """The channel with the smallest objective of all groups."""

    def __init__(self, spec: GlobalAllocation) -> None:
        self.spec = spec

    def next_group(self, candidates: Candidates) -> int:
        """Smallest objective among the eligible."""
        return int(torch.where(candidates.is_eligible, candidates.objectives, torch.inf).argmin())


@ALLOCATIONS.register(UniformAllocation)
class Uniform:
    """The group with the greatest density left, beside what the recipe says it may keep."""

    def __init__(self, spec: UniformAllocation) -> None:
        self.spec = spec

    def next_group(self, candidates: Candidates) -> int:
        """Greatest density over factor among the eligible."""
        densities, factors = candidates.densities, self.spec.factors
        if factors:
            own = [prod(factors.get(layer, 1.0) for layer in layers) for layers in candidates.layers]
            densities = densities / densities.new_tensor(own)
        return int(torch.where(candidates.is_eligible, densities, -torch.inf).argmax())
