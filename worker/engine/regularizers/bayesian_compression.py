"""Bayesian compression: channels learn how much noise they bear (Louizos et al. 2017)."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from backend.domain.regularizers import BayesianCompressionRegularizer
from worker.engine.regularizers.channel_gates import ChannelGates
from worker.engine.regularizers.divergences import add_normal_gradients, normal_divergence
from worker.engine.regularizers.layer_gates import LayerGates
from worker.engine.regularizers.noise import drawn
from worker.engine.regularizers.noisy_layers import NoisyLayers, ScaledInputs, layers_of_weights
from worker.engine.regularizers.regularizer import REGULARIZERS, Ground, MakeRegularizer, Neutral
from worker.engine.regularizers.scales import SCALES, Scales, ScaleStart


@REGULARIZERS.register(BayesianCompressionRegularizer)
def bayesian_compression(spec: BayesianCompressionRegularizer) -> MakeRegularizer:
    """Make the regularizer of a network."""
    return lambda ground: BayesianCompression(spec, ground)


class BayesianCompression(Neutral):
    """Weights that read channel i are `z_i * (mu + sigma * noise)`, with a random scale z_i of the channel.

    `strength / N` times the divergence of all z from their prior, and of all weights from N(0, 1), is added to the
    loss. One draw for each mini-batch, or for each example where layers allow it and the spec asks for it.
    """

    def __init__(self, spec: BayesianCompressionRegularizer, ground: Ground) -> None:
        self._generator = ground.generator
        self.speed = spec.noise_speed
        self._gates = ChannelGates(ground)
        self._scale = spec.strength / ground.example_count
        self._warm_up_steps = spec.warm_up * ground.steps
        self._done = 0
        parameters = dict(ground.module.named_parameters())
        self._weights = {name: parameters[name] for name in sorted(self._gates.reading.tensors)}
        widths = [group.width for group in self._gates.groups]
        start = ScaleStart(widths, spec.initial_log_variance, spec.global_scale, ground.generator, self._gates.device)
        self._scales: Scales = SCALES[spec.prior](start)
        self._weight_log_variances = {
            name: nn.Parameter(torch.full_like(weight, spec.initial_log_variance))
            for name, weight in self._weights.items()
        }
        own = {f"weights.{name}": parameter for name, parameter in self._weight_log_variances.items()}
        self.parameters = {**self._scales.parameters, **own}
        self._draw_in_layers(spec, ground)

    def _draw_in_layers(self, spec: BayesianCompressionRegularizer, ground: Ground) -> None:
        """Let layers draw what they add up, those that can."""
        layers = layers_of_weights(ground.module, self._weights) if spec.noise == "activations" else {}
        self._inputs = ScaledInputs(layers, self._gates.reading, self._scales.at)
        layers = {name: layers[name] for name in self._inputs.names}
        self._layers = NoisyLayers(layers, self._weight_log_variances.__getitem__)
        self._drawn = [name for name in self._weights if name not in layers]

    def weights(self) -> dict[str, Tensor]:
        """Weights with their scales, drawn for this mini-batch, where their layers do not draw what they add up."""
        self._inputs.begin()
        if not self._drawn:
            return {}
        scales = self._scales.at(self._noise())
        weights = {
            name: drawn(self._weights[name], self._weight_log_variances[name], self._generator) for name in self._drawn
        }
        return self._gates.reading.scaled(scales, weights)

    @torch.no_grad()
    def divergence(self) -> Tensor:
        """Of all scales and weights, in nats; a scalar."""
        weights = [
            normal_divergence(self._weight_log_variances[name], weight) for name, weight in self._weights.items()
        ]
        return self._scales.divergence() + torch.stack([values.sum() for values in weights]).sum()

    def add_gradients(self) -> None:
        """The slopes of the divergence, at the part of its weight that the warm-up has come to."""
        weight = self._scale * (min(1.0, self._done / self._warm_up_steps) if self._warm_up_steps else 1.0)
        self._scales.add_gradients(weight)
        for name, mean in self._weights.items():
            add_normal_gradients(self._weight_log_variances[name], mean, weight)

    def finish_step(self, learning_rate: float) -> None:  # noqa: ARG002  (the protocol's signature)
        """Count."""
        self._done += 1

    @torch.no_grad()
    def take_gates(self) -> list[LayerGates]:
        """How little noise the scales bear, where that closes them; the removal decides which are closed."""
        probabilities = self._scales.open_probability()
        return [] if probabilities is None else self._gates.by_layer(probabilities, None)

    def state(self) -> dict[str, Tensor]:
        """Steps done."""
        return {"done": torch.tensor(self._done)}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Go on counting."""
        self._done = int(state["done"])

    @torch.no_grad()
    def variances(self) -> dict[str, Tensor]:
        """Of products with independent scales: `E[z^2] E[w^2] - E[z]^2 E[w]^2`."""
        mean = self._scales.mean().double()
        squares = {
            name: weight.double().square() + self._weight_log_variances[name].double().exp()
            for name, weight in self._weights.items()
        }
        whole = self._gates.reading.scaled(mean.square() + self._scales.variance().double(), squares)
        means = self._gates.reading.scaled(mean, {name: weight.double() for name, weight in self._weights.items()})
        return {name: whole[name] - means[name].square() for name in self._weights}

    @torch.no_grad()
    def finish(self) -> dict[str, Tensor]:
        """Fold the mean scales into the weights; the scores say how much of a channel there is."""
        self._inputs.stop()
        self._layers.stop()
        scores = self._scales.scores()
        self._gates.fold(self._scales.mean())
        return self._gates.per_group(scores)

    def _noise(self) -> Tensor:
        return torch.randn(self._gates.count, generator=self._generator).to(self._gates.device, non_blocking=True)
