"""Sparse variational dropout: every weight learns how much noise it bears (Molchanov et al. 2017)."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from backend.domain.regularizers import VariationalDropoutRegularizer
from worker.engine.counting import weights_by_layer
from worker.engine.regularizers.divergences import add_log_uniform_gradients, log_alpha, log_uniform_divergence
from worker.engine.regularizers.layer_gates import LayerGates
from worker.engine.regularizers.noise import drawn
from worker.engine.regularizers.noisy_layers import NoisyLayers, layers_of_weights
from worker.engine.regularizers.regularizer import REGULARIZERS, Ground, MakeRegularizer, Neutral, anything_removable

_LIMIT = 8.0
"""log alpha is kept within this of 0, as in the authors' code."""


@REGULARIZERS.register(VariationalDropoutRegularizer)
def variational_dropout(spec: VariationalDropoutRegularizer) -> MakeRegularizer:
    """Make the regularizer of a network."""
    return lambda ground: VariationalDropout(spec, ground)


class VariationalDropout(Neutral):
    """`strength / N * sum of divergences` of weights that are random, N(theta, sigma^2).

    Drawn once for each mini-batch, or for each example where layers allow it and the spec asks for it.
    """

    def __init__(self, spec: VariationalDropoutRegularizer, ground: Ground) -> None:
        self._spec, self._generator = spec, ground.generator
        self.speed = spec.noise_speed
        self._scale = spec.strength / ground.example_count
        self._warm_up_steps = spec.warm_up * ground.steps
        self._done = 0
        parameters = dict(ground.module.named_parameters())
        names = anything_removable(ground)
        self._means = {name: parameters[name] for name in names}
        self._log_variances = {
            name: nn.Parameter(torch.full_like(mean, spec.initial_log_variance)) for name, mean in self._means.items()
        }
        self.parameters = self._log_variances
        owners = zip(ground.model.layers, weights_by_layer(ground.network), strict=True)
        self._layer_names = {name: layer.name for layer, names in owners for name in names}
        layers = layers_of_weights(ground.module, names) if spec.noise == "activations" else {}
        self._layers = NoisyLayers(layers, self._log_variances.__getitem__)
        self._drawn = [name for name in names if name not in layers]

    def weights(self) -> dict[str, Tensor]:
        """Weights drawn for this mini-batch, where their layers do not draw what they add up."""
        return {name: drawn(self._means[name], self._log_variances[name], self._generator) for name in self._drawn}

    @torch.no_grad()
    def divergence(self) -> Tensor:
        """Of all weights, in nats; a scalar."""
        return torch.stack([log_uniform_divergence(self._log_alpha(name)).sum() for name in self._means]).sum()

    def add_gradients(self) -> None:
        """The slopes of the divergence, at the part of its weight that the warm-up has come to."""
        share = min(1.0, self._done / self._warm_up_steps) if self._warm_up_steps else 1.0
        for name, mean in self._means.items():
            add_log_uniform_gradients(self._log_variances[name], mean, share * self._scale, _LIMIT)

    def finish_step(self, learning_rate: float) -> None:  # noqa: ARG002  (the protocol's signature)
        """Count."""
        self._done += 1

    @torch.no_grad()
    def take_gates(self) -> list[LayerGates]:
        """`1 / (1 + alpha)` of every weight, and whether its log alpha is below the threshold."""
        noise = {name: self._log_alpha(name) for name in self._means}
        return [
            LayerGates(self._layer_names[name], torch.sigmoid(-value), value <= self._spec.threshold)
            for name, value in noise.items()
        ]

    def state(self) -> dict[str, Tensor]:
        """Steps done."""
        return {"done": torch.tensor(self._done)}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Go on counting."""
        self._done = int(state["done"])

    @torch.no_grad()
    def variances(self) -> dict[str, Tensor]:
        """sigma^2 of all weights."""
        return {name: value.exp() for name, value in self._log_variances.items()}

    @torch.no_grad()
    def finish(self) -> dict[str, Tensor]:
        """Zero the weights that are mostly noise; the others are their means."""
        self._layers.stop()
        for name, mean in self._means.items():
            mean.mul_(self._log_alpha(name) <= self._spec.threshold)
        return {}

    def _log_alpha(self, name: str) -> Tensor:
        """log(sigma^2 / theta^2)."""
        return log_alpha(self._log_variances[name], self._means[name]).clamp(-_LIMIT, _LIMIT)
