"""Scores that a regularizer learned along with the weights."""

import torch
from torch import Tensor

from backend.domain.criteria import LearnedCriterion
from worker.engine.criteria.criterion import CRITERIA, Evidence
from worker.engine.signal import NO_SIGNAL


@CRITERIA.register(LearnedCriterion)
class Learned:
    """What the regularizer of the section `sparsify` left, such as the probability that a gate is open."""

    needs = NO_SIGNAL

    def __init__(self, spec: LearnedCriterion) -> None:
        self.spec = spec

    def score(self, evidence: Evidence) -> dict[str, Tensor]:
        """Hand them on, perhaps in units of their layers'."""
        scores = {group.name: evidence.learned[group.name] for group in evidence.groups}
        if self.spec.normalization == "none":
            return scores
        return {name: _in_units_of_all(values) for name, values in scores.items()}


def _in_units_of_all(scores: Tensor) -> Tensor:
    """Over their root mean square, which does not depend on how many there are; all zeros stay zeros."""
    return scores / scores.square().mean().sqrt().clamp_min(torch.finfo(scores.dtype).tiny)
