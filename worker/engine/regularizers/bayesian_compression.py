"""Bayesian compression: channels learn how much noise they bear (Louizos et al. 2017, group normal-Jeffreys)."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from backend.domain.regularizers import BayesianCompressionRegularizer
from worker.engine.regularizers.channel_gates import ChannelGates
from worker.engine.regularizers.divergences import log_alpha, log_uniform_divergence, normal_divergence
from worker.engine.regularizers.regularizer import REGULARIZERS, Ground, MakeRegularizer, Neutral

_SPREAD = 0.01
"""Standard deviation of what is drawn at first."""


@REGULARIZERS.register(BayesianCompressionRegularizer)
def bayesian_compression(spec: BayesianCompressionRegularizer) -> MakeRegularizer:
    """Make the regularizer of a network."""
    return lambda ground: BayesianCompression(spec, ground)


class BayesianCompression(Neutral):
    """Weights that read channel i are `z_i * (mu + sigma * noise)`, `z_i ~ N(mean_i, variance_i)`.

    `strength / N` times the divergence of all z from the prior p(z) = 1 / |z|, and of all weights from N(0, 1), is
    added to the loss. One draw for each mini-batch.
    """

    def __init__(self, spec: BayesianCompressionRegularizer, ground: Ground) -> None:
        self._spec, self._generator = spec, ground.generator
        self.speed = spec.noise_speed
        self._gates = ChannelGates(ground)
        self._scale = spec.strength / ground.example_count
        self._warm_up_steps = spec.warm_up * ground.steps
        self._done = 0
        parameters = dict(ground.module.named_parameters())
        self._weights = {name: parameters[name] for name in sorted(self._gates.reading.tensors)}
        self._means = nn.Parameter(1 + _SPREAD * self._noise(self._gates.count))
        variances = spec.initial_log_variance + _SPREAD * self._noise(self._gates.count)
        self._log_variances = nn.Parameter(variances)
        self._weight_log_variances = {
            name: nn.Parameter(torch.full_like(weight, spec.initial_log_variance))
            for name, weight in self._weights.items()
        }
        own = {f"weights.{name}": parameter for name, parameter in self._weight_log_variances.items()}
        self.parameters = {"means": self._means, "log_variances": self._log_variances, **own}

    def weights(self) -> dict[str, Tensor]:
        """Reading weights and the scales of channels, drawn for this mini-batch."""
        scales = self._means + torch.exp(self._log_variances / 2) * self._noise(self._gates.count)
        drawn = {
            name: weight + torch.exp(self._weight_log_variances[name] / 2) * self._noise(*weight.shape)
            for name, weight in self._weights.items()
        }
        return self._gates.reading.scaled(scales, drawn)

    def penalty(self) -> Tensor:
        """The divergence, at the part of its weight that the warm-up has come to."""
        share = min(1.0, self._done / self._warm_up_steps) if self._warm_up_steps else 1.0
        parts = [log_uniform_divergence(self._log_alpha()).sum()]
        parts += [
            normal_divergence(self._weight_log_variances[name], self._weights[name]).sum() for name in self._weights
        ]
        return share * self._scale * torch.stack(parts).sum()

    def finish_step(self, learning_rate: float) -> None:  # noqa: ARG002  (the protocol's signature)
        """Count."""
        self._done += 1

    def state(self) -> dict[str, Tensor]:
        """Steps done."""
        return {"done": torch.tensor(self._done)}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Go on counting."""
        self._done = int(state["done"])

    @torch.no_grad()
    def finish(self) -> dict[str, Tensor]:
        """Fold the mean scales into the weights; the scores are shares of signal, `1 / (1 + alpha)`."""
        scores = torch.sigmoid(-self._log_alpha())
        self._gates.fold(self._means)
        return self._gates.per_group(scores)

    def _log_alpha(self) -> Tensor:
        """How much of each channel's scale is noise (G,)."""
        return log_alpha(self._log_variances, self._means)

    def _noise(self, *shape: int) -> Tensor:
        return torch.randn(shape, generator=self._generator).to(self._gates.device, non_blocking=True)
