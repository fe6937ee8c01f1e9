"""How the gates of L0 regularization are drawn, and how the loss's gradient reaches their parameters."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

from worker.engine.estimators.gates import draw_noise, mirrored_gates, open_gates
from worker.engine.estimators.gradients import arm_term, reinforce_term
from worker.engine.regularizers import hard_concrete

_SPREAD = 0.01
"""Standard deviation of the gates' logits at first."""
_LOWEST, _HIGHEST = math.log(1e-2), math.log(1e2)
"""Limits of the logits, so that gates can still move."""
_STEEPNESS = 7.0
"""Logits of binary gates are this many times their parameters (Li and Ji 2019)."""
_BASELINE_KEPT = 0.9
"""Share of the baseline that stays when a loss comes in."""


@dataclass(frozen=True)
class Start:
    """What gates begin with."""

    count: int
    drop_rate: float
    generator: torch.Generator
    device: torch.device

    def parameter(self, steepness: float = 1.0) -> nn.Parameter:
        """Parameters (G,) whose logits, `steepness` times as large, are near `log((1 - p) / p)`."""
        mean = math.log((1 - self.drop_rate) / self.drop_rate)
        logits = mean + _SPREAD * torch.randn(self.count, generator=self.generator)
        return nn.Parameter((logits / steepness).to(self.device))

    def noise(self) -> Tensor:
        """Uniform noise (G,) for one step."""
        return draw_noise((self.count,), self.generator).to(self.device, non_blocking=True)


class GateLaw(Protocol):
    """The gates of all channels, (G,)."""

    parameter: nn.Parameter
    steepness: float
    """Of the logits by the parameter."""

    def draw(self) -> Tensor:
        """Gates for the forward pass of this step."""
        ...

    def draw_second(self) -> Tensor | None:
        """Gates for a second forward pass of this step, without gradients; None when none is needed."""
        ...

    def relaxed(self) -> Sequence[Tensor]:
        """Gates between 0 and 1 for further forward passes of this step; empty when none is needed."""
        ...

    def observe(self, loss: Tensor, second: Tensor | None, relaxed: Sequence[Tensor] = ()) -> None:
        """Hear of the mean losses of this step's draws; those of relaxed gates still have their graphs."""
        ...

    def estimate(self) -> Tensor | None:
        """The slope of the expected loss by the logits, as far as the draws do not carry it; None: they carry all."""
        ...

    def open_probability(self) -> Tensor:
        """P(gate > 0), a sigmoid of the logits, perhaps shifted."""
        ...

    def final(self) -> Tensor:
        """The gates at the end."""
        ...

    def finish_step(self) -> None:
        """Keep the logits within limits."""
        ...

    def state(self) -> dict[str, Tensor]:
        """What else a checkpoint must hold."""
        ...

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Go back to it."""
        ...


class HardConcreteGates:
    """Gates that the gradient passes through (Louizos et al. 2018)."""

    steepness = 1.0

    def __init__(self, start: Start) -> None:
        self._start = start
        self.parameter = start.parameter()

    def draw(self) -> Tensor:
        """Hard-concrete gates."""
        return hard_concrete.gate(self.parameter, self._start.noise())

    def draw_second(self) -> Tensor | None:
        """None is needed."""
        return None

    def relaxed(self) -> Sequence[Tensor]:
        """None is needed."""
        return ()

    def observe(self, loss: Tensor, second: Tensor | None, relaxed: Sequence[Tensor] = ()) -> None:
        """Nothing to learn from losses."""

    def estimate(self) -> Tensor | None:
        """The draws carry the gradient."""
        return None

    def open_probability(self) -> Tensor:
        """The formula of the distribution."""
        return hard_concrete.open_probability(self.parameter)

    def final(self) -> Tensor:
        """The gates without noise."""
        return hard_concrete.final_gate(self.parameter.detach())

    @torch.no_grad()
    def finish_step(self) -> None:
        """Keep log alpha where gates can still move."""
        self.parameter.clamp_(_LOWEST, _HIGHEST)

    def state(self) -> dict[str, Tensor]:
        """Nothing but log alpha."""
        return {}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Nothing to restore."""


class BinaryGates:
    """Gates that are 0 or 1: the losses of draws say which way to go (Li and Ji 2019, arXiv:1904.04432)."""

    steepness = _STEEPNESS

    def __init__(self, start: Start) -> None:
        self._start = start
        self.parameter = start.parameter(_STEEPNESS)
        self._noise = self._gates = self._estimate = torch.zeros(start.count)
        """Of this step."""

    @torch.no_grad()
    def draw(self) -> Tensor:
        """Binary gates."""
        self._noise = self._start.noise()
        self._gates = open_gates(self._logits(), self._noise)
        return self._gates

    def draw_second(self) -> Tensor | None:
        """None is needed."""
        return None

    def relaxed(self) -> Sequence[Tensor]:
        """None is needed."""
        return ()

    def observe(self, loss: Tensor, second: Tensor | None, relaxed: Sequence[Tensor] = ()) -> None:  # noqa: ARG002
        """Estimate the gradient by the logits."""
        self._estimate = self._term(loss, second)

    def estimate(self) -> Tensor | None:
        """By what was observed."""
        return self._estimate

    def open_probability(self) -> Tensor:
        """The sigmoid of the logits."""
        return torch.sigmoid(self._logits())

    def final(self) -> Tensor:
        """Open where a draw is more likely open than not."""
        return (self.parameter.detach() > 0).to(self.parameter.dtype)

    @torch.no_grad()
    def finish_step(self) -> None:
        """Keep the logits where gates can still move."""
        self.parameter.clamp_(_LOWEST / _STEEPNESS, _HIGHEST / _STEEPNESS)

    def state(self) -> dict[str, Tensor]:
        """Nothing but the parameter."""
        return {}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Nothing to restore."""

    def _logits(self) -> Tensor:
        return _STEEPNESS * self.parameter

    def _term(self, loss: Tensor, second: Tensor | None) -> Tensor:
        raise NotImplementedError


class ArmGates(BinaryGates):
    """ARM: the loss of mirrored gates on the same mini-batch is what the first loss is compared with."""

    @torch.no_grad()
    def draw_second(self) -> Tensor | None:
        """The gates of the mirrored noise."""
        return mirrored_gates(self._logits(), self._noise)

    @torch.no_grad()
    def _term(self, loss: Tensor, second: Tensor | None) -> Tensor:
        if second is None:
            raise RuntimeError("ARM compares two losses")
        return arm_term(loss, second, self._noise)


class ReinforceGates(BinaryGates):
    """REINFORCE: one forward pass; the baseline is a running mean of earlier losses."""

    def __init__(self, start: Start) -> None:
        super().__init__(start)
        self._baseline: Tensor | None = None
        """None before the first loss."""

    @torch.no_grad()
    def _term(self, loss: Tensor, second: Tensor | None) -> Tensor:  # noqa: ARG002  (the base's signature)
        baseline = loss if self._baseline is None else self._baseline
        self._baseline = torch.lerp(loss, baseline, _BASELINE_KEPT)
        return reinforce_term(loss, baseline, self._gates, self._logits())

    def state(self) -> dict[str, Tensor]:
        """The baseline, if there is one yet."""
        return {} if self._baseline is None else {"baseline": self._baseline.to("cpu", copy=True)}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Go on from a baseline."""
        baseline = state.get("baseline")
        self._baseline = None if baseline is None else baseline.to(self._start.device)


LAWS: Mapping[str, Callable[[Start], GateLaw]] = {
    "hard_concrete": HardConcreteGates,
    "arm": ArmGates,
    "reinforce": ReinforceGates,
}
"""By the setting `estimator`."""
