"""The rise of the loss when a weight becomes zero, from the diagonal of the Hessian (LeCun et al. 1990)."""

from torch import Tensor

from backend.domain.criteria import ObdCriterion
from worker.engine.weight_criteria.criterion import WEIGHT_CRITERIA, WeightEvidence
from worker.engine.weights.signal import WeightReading


@WEIGHT_CRITERIA.register(ObdCriterion)
class WeightObd:
    """`1/2 h_kk w_k^2`, in nats."""

    def __init__(self, spec: ObdCriterion) -> None:
        self.reading = WeightReading(spec.curvature)

    def score(self, evidence: WeightEvidence) -> dict[str, Tensor]:
        """Of an estimated `h_kk` below zero its size counts: such a weight is at no minimum, and none to go first."""
        return {
            layer.name: layer.flat(evidence.tensors).square().mul_(layer.flat(evidence.signal)).abs_().div_(2)
            for layer in evidence.layers
        }
