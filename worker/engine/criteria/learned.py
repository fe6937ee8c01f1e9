"""Scores that a regularizer learned along with the weights."""

import torch
from torch import Tensor

from backend.domain.criteria import LearnedCriterion
from worker.engine.criteria.criterion import CRITERIA, Evidence
from worker.engine.signal import NO_SIGNAL

_LEAST = torch.finfo(torch.float32).tiny
"""Unit of a layer of which nothing but zeros was learned; they stay zeros."""


@CRITERIA.register(LearnedCriterion)
class Learned:
    """What the regularizer of the section `sparsify` left, such as the probability that a gate is open."""

    needs = NO_SIGNAL

    def __init__(self, spec: LearnedCriterion) -> None:
        self.spec = spec

    def score(self, evidence: Evidence) -> dict[str, Tensor]:
        """Hand them on, perhaps in units of their layers': the same whichever of the channels are still present."""
        scores = {group.name: evidence.learned[group.name] for group in evidence.groups}
        if self.spec.normalization == "none":
            return scores
        units = evidence.learned_units
        return {name: values / units[name].clamp_min(_LEAST) for name, values in scores.items()}
