"""The size of the factor that batch norm multiplies a channel by (Liu et al. 2017)."""

import torch
from torch import Tensor

from backend.domain.criteria import BatchNormScaleCriterion
from worker.engine.batch_norms import scales_of
from worker.engine.coupling import ChannelGroup
from worker.engine.criteria.criterion import CRITERIA, Evidence
from worker.engine.signal import NO_SIGNAL


@CRITERIA.register(BatchNormScaleCriterion)
class BatchNormScale:
    """`|gamma|`, its mean where several batch norms scale the same channel."""

    needs = NO_SIGNAL

    def __init__(self, spec: BatchNormScaleCriterion) -> None:
        self.spec = spec

    def score(self, evidence: Evidence) -> dict[str, Tensor]:
        """Read the scales as they are; groups without batch norm, which a run keeps whole, score zero."""
        return {group.name: _mean_scale(group, evidence) for group in evidence.groups}


def _mean_scale(group: ChannelGroup, evidence: Evidence) -> Tensor:
    sizes = [
        evidence.tensors[member.tensor].detach().double().abs().cpu()[member.index]
        for member in scales_of(group, evidence.batch_norm_scales)
    ]
    return torch.cat(sizes, 1).mean(1) if sizes else torch.zeros(group.width, dtype=torch.float64)
