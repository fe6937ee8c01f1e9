"""The norm of the weights that make a channel (Li et al. 2017)."""

import torch
from torch import Tensor

from backend.domain.criteria import MagnitudeCriterion
from worker.engine.coupling import ChannelGroup
from worker.engine.criteria.criterion import CRITERIA, Evidence

_OUTPUT_AXIS = 0


@CRITERIA.register(MagnitudeCriterion)
class Magnitude:
    """L1 or L2 norm over all weight rows that produce the channel, in all layers of its group."""

    needs_signal = False

    def __init__(self, spec: MagnitudeCriterion) -> None:
        self.spec = spec

    def score(self, evidence: Evidence) -> dict[str, Tensor]:
        """Take norms in float64, so that equal weights give equal scores."""
        return {group.name: self._norms(group, evidence) for group in evidence.groups}

    def _norms(self, group: ChannelGroup, evidence: Evidence) -> Tensor:
        rows = []
        for member in group.members:
            tensor = evidence.tensors[member.tensor].detach()
            if member.axis == _OUTPUT_AXIS and tensor.dim() > 1:
                picked = tensor[member.index.flatten().to(tensor.device)]
                rows.append(picked.double().reshape(group.width, -1))
        norms: Tensor = torch.linalg.vector_norm(torch.cat(rows, 1), self.spec.norm, dim=1)
        return norms
