"""How far a filter is from the others of its layer (He et al. 2019)."""

import torch
from torch import Tensor

from backend.domain.criteria import GeometricMedianCriterion
from worker.engine.coupling import ChannelGroup
from worker.engine.criteria.criterion import CRITERIA, Evidence
from worker.engine.regularizers.lines import read_lines
from worker.engine.signal import NO_SIGNAL


@CRITERIA.register(GeometricMedianCriterion)
class GeometricMedian:
    """Sum over the group's channels that are on of the Euclidean distance to their weights.

    The filter with the smallest sum is the one nearest to the layer's geometric median among the layer's own filters:
    the others can stand for it.
    """

    needs = NO_SIGNAL

    def __init__(self, spec: GeometricMedianCriterion) -> None:
        self.spec = spec

    def score(self, evidence: Evidence) -> dict[str, Tensor]:
        """Take distances in float64, over the weights of all layers of a group together."""
        return {group.name: _sums_of_distances(group, evidence) for group in evidence.groups}


def _sums_of_distances(group: ChannelGroup, evidence: Evidence) -> Tensor:
    lines = torch.cat(read_lines(group, evidence.tensors), 1).detach().double()
    distances = _distances(lines)
    on = evidence.on.get(group.name)
    return distances.sum(1) if on is None else distances[:, on.to(distances.device)].sum(1)


def _distances(lines: Tensor) -> Tensor:
    """Between all pairs of lines (K, D), as (K, K): by a product of matrices, around the mean, where least is lost."""
    lines = lines - lines.mean(0)
    squares = lines.square().sum(1)
    squared = (squares[:, None] + squares - 2 * lines @ lines.T).clamp_min(0)
    return squared.fill_diagonal_(0).sqrt()
