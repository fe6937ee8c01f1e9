"""The squared change of the loss when a channel goes, to first order (Molchanov et al. 2019)."""

from torch import Tensor

from backend.domain.criteria import TaylorSquaredCriterion
from worker.engine.criteria.criterion import CRITERIA, Evidence, scores_at_gates
from worker.engine.signal import Needs, Reading


@CRITERIA.register(TaylorSquaredCriterion)
class TaylorSquared:
    """Mean over mini-batches of `(1/B sum_n g_nk)^2`, and a running mean of that over the removals."""

    needs = Needs(frozenset({Reading.BATCH_SQUARES}))

    def __init__(self, spec: TaylorSquaredCriterion) -> None:
        self.spec = spec

    def score(self, evidence: Evidence) -> dict[str, Tensor]:
        """Weigh the scores at the last removal against what was read since; at the first one, only that counts."""
        current = scores_at_gates(evidence, evidence.signal[Reading.BATCH_SQUARES])
        momentum = self.spec.momentum
        return {
            name: momentum * evidence.earlier[name].to(scores.device) + (1 - momentum) * scores
            if name in evidence.earlier
            else scores
            for name, scores in current.items()
        }
