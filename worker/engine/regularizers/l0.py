"""L0 regularization through gates that are learned with the weights (Louizos et al. 2018)."""

import math

import torch
from torch import Tensor, nn

from backend.domain.regularizers import L0HardConcreteRegularizer
from worker.engine.regularizers import hard_concrete
from worker.engine.regularizers.channel_gates import ChannelGates
from worker.engine.regularizers.regularizer import REGULARIZERS, Ground, MakeRegularizer
from worker.engine.regularizers.sizes import channel_sizes

_SPREAD = 0.01
"""Standard deviation of log alpha at first."""
_LOWEST, _HIGHEST = math.log(1e-2), math.log(1e2)
"""Limits of log alpha, so that gates can still move."""


@REGULARIZERS.register(L0HardConcreteRegularizer)
def l0_hard_concrete(spec: L0HardConcreteRegularizer) -> MakeRegularizer:
    """Make the regularizer of a network."""
    return lambda ground: L0(spec, ground)


class L0:
    """`sum over channels of P(gate > 0) * (strength / N * size + weight_decay / 2 * ||w||^2)`, in nats."""

    def __init__(self, spec: L0HardConcreteRegularizer, ground: Ground) -> None:
        self._gates = ChannelGates(ground)
        self._generator = ground.generator
        self._decay = spec.weight_decay
        self.speed = spec.gate_speed
        sizes, factors = channel_sizes(ground.model, spec.counted), spec.factors
        prices = {
            group.name: math.prod(factors.get(layer, 1.0) for layer in group.layers) * sizes[group.name]
            for group in self._gates.groups
        }
        self._prices = spec.strength / ground.example_count * self._gates.making.spread(prices)
        mean = math.log((1 - spec.initial_drop_rate) / spec.initial_drop_rate)
        start = mean + _SPREAD * torch.randn(self._gates.count, generator=ground.generator)
        self._log_alpha = nn.Parameter(start.to(self._gates.device))
        self.parameters: dict[str, nn.Parameter] = {"log_alpha": self._log_alpha}

    def weights(self) -> dict[str, Tensor]:
        """Weights that read channels, times gates drawn for this mini-batch."""
        noise = hard_concrete.draw(self._gates.count, self._generator).to(self._gates.device, non_blocking=True)
        return self._gates.gated(hard_concrete.gate(self._log_alpha, noise))

    def penalty(self) -> Tensor:
        """Expected cost of the gates that are open, and the L2 penalty that goes with them."""
        costs = self._prices
        if self._decay:
            costs = costs + self._decay / 2 * self._gates.making.sums(torch.square)
        return (hard_concrete.open_probability(self._log_alpha) * costs).sum()

    @torch.no_grad()
    def finish_step(self, learning_rate: float) -> None:  # noqa: ARG002  (the protocol's signature)
        """Keep log alpha where gates can still move."""
        self._log_alpha.clamp_(_LOWEST, _HIGHEST)

    def state(self) -> dict[str, Tensor]:
        """Nothing but log alpha."""
        return {}

    def restore(self, state: object) -> None:
        """Nothing to restore."""

    def finish(self) -> dict[str, Tensor]:
        """Fold the gates of test time into the weights; the scores are the probabilities of being open."""
        self._gates.fold(hard_concrete.final_gate(self._log_alpha.detach()))
        return self._gates.per_group(hard_concrete.open_probability(self._log_alpha.detach()))
