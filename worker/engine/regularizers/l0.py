"""L0 regularization through gates that are learned with the weights (Louizos et al. 2018)."""

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from backend.domain.regularizers import L0HardConcreteRegularizer
from worker.engine.estimators.moments import GradientMoments
from worker.engine.regularizers.channel_gates import ChannelGates
from worker.engine.regularizers.controlled_gates import CONTROLLED_LAWS
from worker.engine.regularizers.gate_laws import LAWS, GateLaw, Start
from worker.engine.regularizers.layer_gates import LayerGates
from worker.engine.regularizers.regularizer import REGULARIZERS, Ground, MakeRegularizer, Neutral
from worker.engine.regularizers.sizes import channel_sizes
from worker.engine.regularizers.weight_gates import WeightGates


@REGULARIZERS.register(L0HardConcreteRegularizer)
def l0_hard_concrete(spec: L0HardConcreteRegularizer) -> MakeRegularizer:
    """Make the regularizer of a network."""
    return lambda ground: L0(spec, ground)


class L0(Neutral):
    """`sum of P(gate > 0) * (strength / N * size + weight_decay / 2 * ||w||^2)` over channels or weights, in nats."""

    def __init__(self, spec: L0HardConcreteRegularizer, ground: Ground) -> None:
        gates = WeightGates(ground) if spec.gated == "weights" else ChannelGates(ground)
        self._gates, self._decayed = gates, gates if isinstance(gates, WeightGates) else gates.making
        self._decay = spec.weight_decay
        self.speed = spec.gate_speed
        self._prices = spec.strength / ground.example_count * _sizes(spec, ground, gates)
        start = Start(gates.count, spec.initial_drop_rate, ground.generator, gates.device)
        self._law: GateLaw = {**LAWS, **CONTROLLED_LAWS}[spec.estimator](start)
        self.parameters: dict[str, nn.Parameter] = {"log_alpha": self._law.parameter}
        self._moments = GradientMoments(gates.count, gates.device)
        self._costs, self._open = self._prices, torch.ones_like(self._prices)
        """What an open gate costs at this step, and P(gate > 0)."""

    def weights(self) -> dict[str, Tensor]:
        """Gated weights, times gates drawn for this mini-batch."""
        return self._gates.gated(self._law.draw())

    def second_weights(self) -> dict[str, Tensor]:
        """The same, times the gates to compare with."""
        gates = self._law.draw_second()
        return {} if gates is None else self._gates.gated(gates)

    def relaxed_weights(self) -> list[dict[str, Tensor]]:
        """The same, times relaxed gates."""
        return [self._gates.gated(gates) for gates in self._law.relaxed()]

    def observe(self, loss: Tensor, second: Tensor | None, relaxed: Sequence[Tensor] = ()) -> None:
        """Tell the gates what their draws came to."""
        self._law.observe(loss, second, relaxed)

    @torch.no_grad()
    def penalty(self) -> Tensor:
        """Expected cost of the gates that are open, and the L2 penalty that goes with them; without a graph."""
        self._costs, self._open = self._prices, self._law.open_probability()
        if self._decay:
            self._costs = torch.add(self._prices, self._decayed.squared_sums(), alpha=self._decay / 2)
        return (self._open * self._costs).sum()

    @torch.no_grad()
    def add_gradients(self) -> None:
        """The slopes of the penalty in closed form, by logits and weights; and what the law knows of the loss's."""
        parameter, estimate = self._law.parameter, self._law.estimate()
        slope: Tensor = torch.ops.aten.sigmoid_backward(self._costs, self._open)
        by_loss = parameter.grad if estimate is None else estimate
        if by_loss is not None:
            self._moments.add(by_loss)
        slope = (slope if estimate is None else slope.add_(estimate)).mul_(self._law.steepness)
        parameter.grad = slope if parameter.grad is None else parameter.grad.add_(slope)
        if self._decay:
            self._decayed.add_gradients(self._decay * self._open)

    def finish_step(self, learning_rate: float) -> None:  # noqa: ARG002  (the protocol's signature)
        """Keep the gates where they can still move."""
        self._law.finish_step()

    @torch.no_grad()
    def take_gates(self) -> list[LayerGates]:
        """P(gate > 0), whether the gate of test time is above zero, and how noisy the estimates of gradients were."""
        return self._gates.by_layer(self._law.open_probability(), self._law.final() > 0, self._moments.take_variance())

    def state(self) -> dict[str, Tensor]:
        """What the gates remember beside their parameters."""
        return self._law.state()

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Go back to it."""
        self._law.restore(state)

    def finish(self) -> dict[str, Tensor]:
        """Fold the gates of test time into the weights; the scores are the probabilities of being open."""
        self._gates.fold(self._law.final())
        return self._gates.per_group(self._law.open_probability().detach())


def _sizes(spec: L0HardConcreteRegularizer, ground: Ground, gates: ChannelGates | WeightGates) -> Tensor:
    """What each gate stands for (G,), times its layers' factors."""
    if isinstance(gates, WeightGates):
        return gates.sizes(counts_macs=spec.counted == "macs", factors=spec.factors)
    sizes = channel_sizes(ground.model, spec.counted, ground.latency)
    factors = {group.name: math.prod(spec.factors.get(layer, 1.0) for layer in group.layers) for group in gates.groups}
    return gates.making.spread({name: factor * sizes[name] for name, factor in factors.items()})
