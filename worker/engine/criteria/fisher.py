"""The rise of the loss when a channel goes, from the empirical Fisher information (Theis et al. 2018)."""

import torch
from torch import Tensor

from backend.domain.criteria import FisherCriterion
from worker.engine.criteria.criterion import CRITERIA, Evidence


@CRITERIA.register(FisherCriterion)
class Fisher:
    """`1/(2N) sum_n g_nk^2`, in nats."""

    needs_signal = True

    def __init__(self, spec: FisherCriterion) -> None:
        self.spec = spec

    def score(self, evidence: Evidence) -> dict[str, Tensor]:
        """Halve the accumulated mean squares; groups without gates, which a run keeps whole, score zero."""
        return {
            group.name: evidence.signal[group.name] / 2 if group.gates else torch.zeros(group.width)
            for group in evidence.groups
        }
