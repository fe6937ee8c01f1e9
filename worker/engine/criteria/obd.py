"""The rise of the loss when the weights that make a channel become zero, from the diagonal of the Hessian."""

import torch
from torch import Tensor

from backend.domain.criteria import ObdCriterion
from worker.engine.coupling import ChannelGroup
from worker.engine.criteria.criterion import CRITERIA, Evidence
from worker.engine.signal import Needs
from worker.engine.weights.signal import WeightReading


@CRITERIA.register(ObdCriterion)
class ChannelObd:
    """`1/2 sum_i h_ii w_i^2` over all weights that make the channel, in all layers of its group, in nats."""

    def __init__(self, spec: ObdCriterion) -> None:
        self.needs = Needs(curvature=WeightReading(spec.curvature))

    def score(self, evidence: Evidence) -> dict[str, Tensor]:
        """Of an estimated sum below zero its size counts: such a channel is at no minimum, and none to go first."""
        return {group.name: _rises(group, evidence).abs_() for group in evidence.groups}


def _rises(group: ChannelGroup, evidence: Evidence) -> Tensor:
    """Signed, float64 (K,); weights of which nothing was read, such as stored constants, add nothing."""
    total = torch.zeros(group.width, dtype=torch.float64)
    for member in group.members:
        curvature = evidence.curvature.get(member.tensor) if member.makes else None
        if curvature is not None:
            rises = evidence.tensors[member.tensor].detach().square().mul_(curvature).movedim(member.axis, 0)
            lines = rises.flatten(1).sum(1, dtype=torch.float64)
            total = total.to(lines.device).add_(lines[member.index.to(lines.device)].sum(1), alpha=0.5)
    return total
