"""Counts of a network whose single weights become zero while its shapes stay, from its summary alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, prod
from typing import Self

from backend.domain import metrics
from backend.domain.granularities import UnstructuredGranularity
from backend.domain.network import Layer, NetworkSummary
from backend.domain.pruning import Prune
from backend.domain.targets import TargetKind

_ROUNDING = 1e-12
"""Forgives rounding where a level, which counts of weights may hit exactly, is turned into a count."""
_FEWEST = 1
"""Weights that every layer keeps, so that none is cut through."""


@dataclass(frozen=True)
class LayerWeights:
    """The weights of one layer that may become zero."""

    place: int
    """Position among the summary's layers."""
    count: int
    macs: int
    """Multiply-accumulate operations for one example that each of them takes part in."""
    floor: int
    """How many stay at least; all of them where the layer is pinned."""


@dataclass(frozen=True)
class Budget:
    """What may stay: the sum over layers of `worth * weights left` is at most `allowance`."""

    worth: tuple[int, ...]
    """What one weight of each layer counts for: 1, or its operations."""
    allowance: int

    def need(self, left: Sequence[int]) -> int:
        """By how much the weights that are left exceed the allowance; 0 or less when nothing has to go."""
        return sum(worth * count for worth, count in zip(self.worth, left, strict=True)) - self.allowance


@dataclass(frozen=True)
class WeightCounts:
    """Size of a network with some of its weights at zero."""

    macs: int
    """Operations with weights that are left, and those without weights."""
    parameters: int
    """All parameters but the weights that were set to zero."""
    weights: int
    """Prunable weights that are left."""


@dataclass(frozen=True)
class WeightModel:
    """Counts as functions of the number of weights left in each layer; exact."""

    layers: tuple[LayerWeights, ...]
    """Those with weights that may become zero, in forward order."""
    macs: int
    parameters: int

    @classmethod
    def of(cls, summary: NetworkSummary, prune: Prune) -> Self:
        """Read a network's summary; biases, norms and (unless they are asked for) embeddings give nothing."""
        layers = tuple(
            LayerWeights(place, count, layer.macs // count, count if layer.name in prune.pins else _FEWEST)
            for place, layer in enumerate(summary.layers)
            if _may_give(layer, prune) and (count := weight_count(layer))
        )
        return cls(layers, summary.macs, summary.parameters)

    @property
    def dense(self) -> tuple[int, ...]:
        """Weights of every layer before any of them went."""
        return tuple(layer.count for layer in self.layers)

    @property
    def floor(self) -> tuple[int, ...]:
        """The fewest weights that every layer may keep."""
        return tuple(layer.floor for layer in self.layers)

    def counts(self, left: Sequence[int]) -> WeightCounts:
        """Counts with `left` weights in every layer."""
        gone = [layer.count - count for layer, count in zip(self.layers, left, strict=True)]
        macs = sum(layer.macs * count for layer, count in zip(self.layers, gone, strict=True))
        return WeightCounts(self.macs - macs, self.parameters - sum(gone), sum(left))

    def density(self, kind: TargetKind, left: Sequence[int]) -> float:
        """Fraction kept of what the target counts, in (0, 1]."""
        counts = self.counts(left)
        match kind:
            case "sparsity":
                return metrics.density(counts.weights, sum(self.dense))
            case "macs":
                return metrics.density(counts.macs, self.macs)
            case "parameters":
                return metrics.density(counts.parameters, self.parameters)

    def budget(self, kind: TargetKind, level: float) -> Budget:
        """What may stay so that the density is at most `level`: all that fits, down to the last weight.

        Of N prunable weights at sparsity s, exactly ceil(s * N) go.
        """
        worth = tuple(layer.macs if kind == "macs" else 1 for layer in self.layers)
        own = sum(value * layer.count for value, layer in zip(worth, self.layers, strict=True))
        whole = {"sparsity": own, "macs": self.macs, "parameters": self.parameters}[kind]
        return Budget(worth, floor((level + _ROUNDING) * whole) - (whole - own))


def weight_count(layer: Layer) -> int:
    """Elements of a layer's kernels and matrices; worked out from the sizes where the summary does not tell."""
    if layer.weights is not None:
        return layer.weights
    if layer.type == "conv":
        places = prod(layer.kernel) * prod(layer.output_size) * layer.width
        return layer.macs // places * prod(layer.kernel) * layer.width if places else 0
    return layer.parameters if layer.type == "recurrent" else layer.in_width * layer.width


def _may_give(layer: Layer, prune: Prune) -> bool:
    granularity = prune.granularity
    return layer.type != "embedding" or not isinstance(granularity, UnstructuredGranularity) or granularity.embeddings
