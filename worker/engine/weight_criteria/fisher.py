"""The rise of the loss when a weight becomes zero, from the diagonal of the Fisher information."""

from torch import Tensor

from backend.domain.criteria import FisherCriterion
from worker.engine.weight_criteria.criterion import WEIGHT_CRITERIA, WeightEvidence
from worker.engine.weights.signal import WeightReading


@WEIGHT_CRITERIA.register(FisherCriterion)
class WeightFisher:
    """`w^2 / (2N) * sum_n g_n^2`, in nats (Theis et al. 2018, eq. for single parameters)."""

    def __init__(self, spec: FisherCriterion) -> None:
        self.reading = WeightReading.GAUSS_NEWTON if spec.labels == "model" else WeightReading.SQUARES

    def score(self, evidence: WeightEvidence) -> dict[str, Tensor]:
        """Half the squared weight times the mean square of its gradient."""
        return {
            layer.name: layer.flat(evidence.tensors).square().mul_(layer.flat(evidence.signal)).div_(2)
            for layer in evidence.layers
        }
