"""The layers whose single weights may become zero."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from backend.domain.network import NetworkSummary
from backend.domain.pruning import Prune
from backend.domain.weights import LayerWeights, WeightModel
from worker.engine.counting import weights_by_layer
from worker.engine.graph import Network


@dataclass(frozen=True)
class WeightLayer:
    """One layer: its kernel, its matrix, or the several of a recurrent layer, which count as one."""

    name: str
    """Name of the first tensor."""
    size: LayerWeights
    shapes: Mapping[str, tuple[int, ...]]
    """By tensor, in the order in which their elements are numbered."""

    def flat(self, tensors: Mapping[str, Tensor]) -> Tensor:
        """The layer's elements one after another, (count,); of a layer with one tensor perhaps a view."""
        first, *others = (tensors[name].reshape(-1) for name in self.shapes)
        return torch.cat([first, *others]) if others else first

    def lines(self, stacks: Mapping[str, Tensor]) -> Tensor:
        """Stacks of M tensors by name, as one line (count,) for each of them: (M, count)."""
        return torch.cat([stacks[name].flatten(1) for name in self.shapes], 1)

    def split(self, flat: Tensor) -> dict[str, Tensor]:
        """`flat` undone: tensors by name."""
        parts = torch.split(flat, [torch.Size(shape).numel() for shape in self.shapes.values()])
        return {name: part.view(shape) for part, (name, shape) in zip(parts, self.shapes.items(), strict=True)}


def find_weight_layers(network: Network, model: WeightModel) -> tuple[WeightLayer, ...]:
    """The layers that `model`, made from the network's summary, counts: in the same order."""
    names = weights_by_layer(network)
    return tuple(
        WeightLayer(
            name=names[size.place][0],
            size=size,
            shapes={name: tuple(network.tensors[name].shape) for name in names[size.place]},
        )
        for size in model.layers
    )


def removable_weights(network: Network, summary: NetworkSummary, prune: Prune) -> tuple[str, ...]:
    """Names of the tensors whose single weights may become zero, in forward order; pinned layers give none."""
    layers = find_weight_layers(network, WeightModel.of(summary, prune))
    return tuple(name for layer in layers if layer.size.floor < layer.size.count for name in layer.shapes)
