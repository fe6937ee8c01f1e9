"""The tensors of a network that single weights are taken from: dense, or without its dead channels."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import torch

from backend.domain import metrics
from backend.domain.compression import compressed_bytes
from backend.domain.network import NetworkSummary
from backend.domain.pruning import Prune
from backend.domain.reports import Zeros
from backend.domain.weights import WeightModel
from worker.engine.graph import Network
from worker.engine.layout import Size
from worker.engine.weights.layers import WeightLayer, find_weight_layers


@dataclass(frozen=True)
class Body:
    """A network's shapes, and what its weights count for."""

    model: WeightModel
    layers: tuple[WeightLayer, ...]
    widths: tuple[int, ...]
    """Of every layer, in forward order."""
    tensors: Mapping[str, tuple[tuple[int, ...], int]]
    """Shape and bytes of an element, by name."""

    @classmethod
    def of(cls, network: Network, summary: NetworkSummary, prune: Prune) -> Self:
        """Read a network and its own summary."""
        model = WeightModel.of(summary, prune)
        tensors = {name: (tuple(tensor.shape), tensor.element_size()) for name, tensor in network.tensors.items()}
        widths = tuple(layer.width for layer in summary.layers)
        return cls(model, find_weight_layers(network, model), widths, tensors)

    def left(self, counts: Mapping[str, int]) -> list[int]:
        """Weights left in each layer, from those that masks keep by tensor; without masks all of them."""
        if not counts:
            return list(self.model.dense)
        return [sum(counts[name] for name in layer.shapes) for layer in self.layers]

    def size(self, counts: Mapping[str, int], prunable: int) -> Size:
        """Weights at zero count as removed, of the `prunable` ones of the dense network."""
        left = self.left(counts)
        found = self.model.counts(left)
        by_place = dict(zip((layer.place for layer in self.model.layers), left, strict=True))
        in_place = sum(self.model.dense)
        zeros = Zeros(
            count=in_place - found.weights,
            prunable=prunable,
            left=tuple(by_place.get(place, 0) for place in range(len(self.widths))),
            compressed_bytes=self._compressed_bytes(counts),
            removed=prunable - in_place,
            file_macs=self.model.macs,
            file_parameters=self.model.parameters,
        )
        return Size(metrics.sparsity(found.weights, prunable), found.macs, found.parameters, self.widths, zeros)

    def _compressed_bytes(self, counts: Mapping[str, int]) -> int:
        """Bytes of all tensors, those with zeros in their cheapest form."""
        return sum(
            compressed_bytes(shape, counts.get(name, torch.Size(shape).numel()), value_bytes)
            for name, (shape, value_bytes) in self.tensors.items()
        )
