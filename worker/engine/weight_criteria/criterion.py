"""What a criterion for single weights is: evidence in, one score for each weight of each layer out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from worker.engine.registry import Registry
from worker.engine.weights.layers import WeightLayer
from worker.engine.weights.signal import WeightReading


@dataclass(frozen=True)
class WeightEvidence:
    """What scores may be computed from; nobody changes it."""

    layers: Sequence[WeightLayer]
    tensors: Mapping[str, Tensor]
    """The network's tensors as they are now, by name."""
    signal: Mapping[str, Tensor]
    """What the criterion wanted to be read in training, by tensor; empty when it wanted nothing."""
    generator: torch.Generator


class WeightCriterion(Protocol):
    """Scores single weights."""

    reading: WeightReading | None
    """What has to be read in backward passes."""

    def score(self, evidence: WeightEvidence) -> dict[str, Tensor]:
        """One finite score for each weight, (count,), by name of the layer; those of masked weights do not matter."""
        ...


@runtime_checkable
class Compensating(Protocol):
    """A criterion that lets the weights that stay make up for those that go."""

    def compensated(self, evidence: WeightEvidence, kept: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """New values of all weights by name of the layer, (count,); `kept` are bool masks (count,), True = keep.

        The evidence is that of the scores: weights that went earlier are zero in it.
        """
        ...


WEIGHT_CRITERIA: Registry[WeightCriterion] = Registry("criterion for weights")
