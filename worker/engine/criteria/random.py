"""Scores drawn at random, from the run's own generator."""

import torch
from torch import Tensor

from backend.domain.criteria import RandomCriterion
from worker.engine.criteria.criterion import CRITERIA, Evidence
from worker.engine.signal import NO_SIGNAL


@CRITERIA.register(RandomCriterion)
class Random:
    """Uniform scores in [0, 1), drawn anew at every removal: all channels are equally likely to go."""

    needs = NO_SIGNAL

    def __init__(self, spec: RandomCriterion) -> None:
        self.spec = spec

    def score(self, evidence: Evidence) -> dict[str, Tensor]:
        """Draw in the groups' order."""
        return {group.name: torch.rand(group.width, generator=evidence.generator) for group in evidence.groups}
