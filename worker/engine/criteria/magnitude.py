"""The norm of the weights that make a channel (Li et al. 2017)."""

import torch
from torch import Tensor

from backend.domain.criteria import MagnitudeCriterion
from worker.engine.coupling import ChannelGroup
from worker.engine.criteria.criterion import CRITERIA, Evidence
from worker.engine.signal import NO_SIGNAL

_PIECE = 2**16
"""Elements made float64 at a time: five times faster than all at once."""


@CRITERIA.register(MagnitudeCriterion)
class Magnitude:
    """L1 or L2 norm over all weights that make the channel, in all layers of its group."""

    needs = NO_SIGNAL

    def __init__(self, spec: MagnitudeCriterion) -> None:
        self.spec = spec

    def score(self, evidence: Evidence) -> dict[str, Tensor]:
        """Take norms in float64, so that equal weights give equal scores."""
        return {group.name: self._norms(group, evidence) for group in evidence.groups}

    def _norms(self, group: ChannelGroup, evidence: Evidence) -> Tensor:
        """Norm over the layers of the norms in each layer: the same as over all their weights at once."""
        norms = []
        for member in group.members:
            if member.makes:
                tensor = evidence.tensors[member.tensor].detach()
                lines = tensor.movedim(member.axis, 0).flatten(1)
                norms.append(_norms(lines, self.spec.norm)[member.index.to(tensor.device)])
        result: Tensor = torch.linalg.vector_norm(torch.cat(norms, 1), self.spec.norm, dim=1)
        return result


def _norms(lines: Tensor, norm: int) -> Tensor:
    """Norm of every line (lines, elements) in float64, made of pieces that stay in the processor's cache."""
    pieces = torch.split(lines, max(1, _PIECE // max(1, lines.size(1))))
    return torch.cat([torch.linalg.vector_norm(piece.double(), norm, 1) for piece in pieces])
