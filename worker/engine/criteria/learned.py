"""Scores that a regularizer learned along with the weights."""

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
        """Hand them on."""
        return {group.name: evidence.learned[group.name] for group in evidence.groups}
