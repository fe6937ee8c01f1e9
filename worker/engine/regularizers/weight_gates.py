"""One learned multiplier for every single weight that may become zero."""

from collections import Counter
from collections.abc import Mapping

import torch
from torch import Tensor

from worker.engine.counting import weights_by_layer
from worker.engine.regularizers.layer_gates import LayerGates
from worker.engine.regularizers.regularizer import Ground, anything_removable


class WeightGates:
    """The gated weights of all layers in one vector (G,), in forward order; each is its own line of weights."""

    def __init__(self, ground: Ground) -> None:
        parameters = dict(ground.module.named_parameters())
        self._weights = {name: parameters[name] for name in anything_removable(ground)}
        owners = zip(ground.model.layers, weights_by_layer(ground.network), strict=True)
        self._layers = {name: layer for layer, names in owners for name in names if name in self._weights}
        self._widths = ground.model.dense_widths
        self._sizes = [weight.numel() for weight in self._weights.values()]
        self.count = sum(self._sizes)
        self.device = next(iter(self._weights.values())).device

    def sizes(self, *, counts_macs: bool, factors: Mapping[str, float]) -> Tensor:
        """What each gate stands for (G,), times its layer's factor: 1, or its weight's operations over their mean."""
        uses = self._operations() if counts_macs else dict.fromkeys(self._layers, 1.0)
        total = sum(uses[name] * weight.numel() for name, weight in self._weights.items())
        scale = self.count / total if total else 1.0
        return torch.cat(
            [
                torch.full((weight.numel(),), scale * uses[name] * factors.get(self._layers[name].name, 1.0))
                for name, weight in self._weights.items()
            ]
        ).to(self.device)

    def gated(self, multipliers: Tensor) -> dict[str, Tensor]:
        """The weights times the multipliers (G,), by name."""
        return {name: self._weights[name] * part for name, part in self._parts(multipliers).items()}

    @torch.no_grad()
    def fold(self, multipliers: Tensor) -> None:
        """Write the gated weights into the network."""
        for name, part in self._parts(multipliers).items():
            self._weights[name].mul_(part)

    def squared_sums(self) -> Tensor:
        """The squares of all weights (G,); call it under `no_grad`."""
        return torch.cat([weight.detach().flatten() for weight in self._weights.values()]).square_()

    def add_gradients(self, factors: Tensor) -> None:
        """Add the weights times the factors (G,) to their gradients; call it under `no_grad`."""
        for name, part in self._parts(factors).items():
            weight = self._weights[name]
            if weight.grad is not None:
                weight.grad.addcmul_(weight, part)

    def by_layer(
        self, probabilities: Tensor | None, is_open: Tensor | None, gradient_variance: Tensor | None = None
    ) -> list[LayerGates]:
        """Vectors (G,) as gates of the layers that hold the weights."""
        shares, flags, variances = (
            dict[str, Tensor]() if values is None else self._parts(values)
            for values in (probabilities, is_open, gradient_variance)
        )
        return [
            LayerGates(layer.name, shares.get(name), flags.get(name), variances.get(name))
            for name, layer in self._layers.items()
        ]

    def per_group(self, values: Tensor) -> dict[str, Tensor]:  # noqa: ARG002  (as gates of channels have it)
        """Nothing is said of channels: the verdict is in the weights."""
        return {}

    def _operations(self) -> dict[str, float]:
        """Of one weight of each tensor, for one example."""
        counts = Counter[str]()
        for name, layer in self._layers.items():
            counts[layer.name] += self._weights[name].numel()
        return {name: layer.macs(self._widths) / counts[layer.name] for name, layer in self._layers.items()}

    def _parts(self, values: Tensor) -> dict[str, Tensor]:
        """A vector (G,) as tensors in the shapes of the weights, by name."""
        parts = torch.split(values, self._sizes)
        return {name: part.view_as(weight) for part, (name, weight) in zip(parts, self._weights.items(), strict=True)}
