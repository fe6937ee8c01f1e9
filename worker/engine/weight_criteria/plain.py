"""Scores that need no data: magnitude, and chance."""

import torch
from torch import Tensor

from backend.domain.criteria import MagnitudeCriterion, RandomCriterion
from worker.engine.weight_criteria.criterion import WEIGHT_CRITERIA, WeightEvidence


@WEIGHT_CRITERIA.register(MagnitudeCriterion)
class WeightMagnitude:
    """`|w|`: of a single number every norm is the same."""

    reading = None

    def __init__(self, spec: MagnitudeCriterion) -> None:
        self.spec = spec

    def score(self, evidence: WeightEvidence) -> dict[str, Tensor]:
        """Absolute values."""
        return {layer.name: layer.flat(evidence.tensors).abs() for layer in evidence.layers}


@WEIGHT_CRITERIA.register(RandomCriterion)
class RandomWeights:
    """Uniform scores in [0, 1), drawn anew at every removal: all weights are equally likely to go."""

    reading = None

    def __init__(self, spec: RandomCriterion) -> None:
        self.spec = spec

    def score(self, evidence: WeightEvidence) -> dict[str, Tensor]:
        """Draw in the layers' order."""
        scores = {}
        for layer in evidence.layers:
            drawn = torch.rand(layer.size.count, generator=evidence.generator)
            scores[layer.name] = drawn.to(evidence.tensors[layer.name].device)
        return scores
