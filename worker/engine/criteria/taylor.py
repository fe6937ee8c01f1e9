"""The change of the loss when a channel goes, to first order and without its sign (Molchanov et al. 2017)."""

import torch
from torch import Tensor

from backend.domain.criteria import TaylorCriterion
from worker.engine.criteria.criterion import CRITERIA, Evidence, scores_at_gates
from worker.engine.signal import Needs, Reading


@CRITERIA.register(TaylorCriterion)
class Taylor:
    """`1/N sum_n |g_nk| / M`; normalized, its quotient by the Euclidean norm of the layer's scores."""

    needs = Needs(frozenset({Reading.ABSOLUTES}))

    def __init__(self, spec: TaylorCriterion) -> None:
        self.spec = spec

    def score(self, evidence: Evidence) -> dict[str, Tensor]:
        """Take the accumulated means; a layer whose channels all score zero stays at zero."""
        means = evidence.signal[Reading.ABSOLUTES]
        if self.spec.normalization == "layer":
            means = {name: _normalized(scores) for name, scores in means.items()}
        return scores_at_gates(evidence, means)


def _normalized(scores: Tensor) -> Tensor:
    norm: Tensor = torch.linalg.vector_norm(scores)
    return scores / norm.clamp_min(torch.finfo(scores.dtype).tiny)
