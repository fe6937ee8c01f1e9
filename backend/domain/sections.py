"""The sections of a recipe, as rules look at them."""

from dataclasses import dataclass

from backend.domain.latencies import Latency
from backend.domain.pruning import Prune
from backend.domain.retraining import DenseTraining, Distillation, Retrain, Sparsify


@dataclass(frozen=True)
class Sections:
    """The sections of a recipe that rules may look at."""

    prune: Prune
    dense: DenseTraining | None
    sparsify: Sparsify | None
    retrain: Retrain
    distill: Distillation | None
    latency: Latency | None = None
