"""Control variates that learn to lower the variance of an estimate, and never bias it."""

import torch
from torch import Tensor, nn

from worker.engine.estimators.gates import Loss
from worker.engine.estimators.gradients import with_control

_WIDTH = 16
"""Hidden units of RELAX's network."""


class RelaxedLoss(nn.Module):
    """REBAR's: `scale * f(sigmoid(z / temperature))`, both numbers learned (Tucker et al. 2017)."""

    def __init__(self, loss: Loss, scale: float = 1.0, temperature: float = 0.5) -> None:
        super().__init__()
        self._loss = loss
        self.scale = nn.Parameter(torch.tensor(scale))
        self.log_temperature = nn.Parameter(torch.tensor(temperature).log())

    def forward(self, draws: Tensor) -> Tensor:
        """Relaxed losses (S,) of draws (S, K)."""
        return self.scale * self._loss(torch.sigmoid(draws / self.log_temperature.exp()))


class RelaxedLossAndNetwork(nn.Module):
    """RELAX's: REBAR's plus a small network of the draws (Grathwohl et al. 2018), which starts at zero."""

    def __init__(self, loss: Loss, count: int, generator: torch.Generator, width: int = _WIDTH) -> None:
        super().__init__()
        self.relaxed = RelaxedLoss(loss)
        self.network = small_network(count, generator, width)

    def forward(self, draws: Tensor) -> Tensor:
        """Losses (S,) of draws (S, K)."""
        relaxed: Tensor = self.relaxed(draws)
        learned: Tensor = self.network(draws)
        return relaxed + learned.squeeze(-1)


def small_network(count: int, generator: torch.Generator, width: int = _WIDTH) -> nn.Sequential:
    """A network from draws (..., K) to numbers (..., 1) that are zero at first."""
    network = nn.Sequential(nn.Linear(count, width), nn.Tanh(), nn.Linear(width, 1))
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) / count**0.5)
        for parameter in network[-1].parameters():
            parameter.zero_()
    return network


def tune(
    control: nn.Module,
    loss: Loss,
    logits: Tensor,
    noises: list[tuple[Tensor, Tensor]],
    learning_rate: float = 0.01,
) -> None:
    """Lower the variance of the estimates by one optimizer step for each pair of noises (S, K)."""
    optimizer = torch.optim.Adam(control.parameters(), learning_rate)
    for noise in noises:
        optimizer.zero_grad()
        with_control(loss, logits, noise, control).square().mean().backward()  # type: ignore[no-untyped-call]
        optimizer.step()
