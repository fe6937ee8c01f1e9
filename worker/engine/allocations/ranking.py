"""Global ranking, and thinning every layer alike."""

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
    """The group with the greatest density left."""

    def __init__(self, spec: UniformAllocation) -> None:
        self.spec = spec

    def next_group(self, candidates: Candidates) -> int:
        """Greatest density among the eligible."""
        return int(torch.where(candidates.is_eligible, candidates.densities, -torch.inf).argmax())
