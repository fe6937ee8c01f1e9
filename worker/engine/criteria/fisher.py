"""The rise of the loss when a channel goes, from the empirical Fisher information (Theis et al. 2018)."""

from torch import Tensor

from backend.domain.criteria import FisherCriterion
from worker.engine.criteria.criterion import CRITERIA, Evidence, scores_at_gates
from worker.engine.signal import Needs, Reading


@CRITERIA.register(FisherCriterion)
class Fisher:
    """`1/(2N) sum_n g_nk^2`, in nats."""

    def __init__(self, spec: FisherCriterion) -> None:
        self.needs = Needs(frozenset({Reading.SQUARES}), draws_labels=spec.labels == "model")

    def score(self, evidence: Evidence) -> dict[str, Tensor]:
        """Halve the accumulated mean squares."""
        means = evidence.signal[Reading.SQUARES]
        return scores_at_gates(evidence, {name: squares / 2 for name, squares in means.items()})
