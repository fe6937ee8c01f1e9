"""What is believed of the random scales of channels: posteriors, and how far they are from their priors."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

from worker.engine.regularizers.divergences import (
    add_gamma_gradients,
    add_inverse_gamma_gradients,
    add_log_uniform_gradients,
    gamma_divergence,
    inverse_gamma_divergence,
    log_alpha,
    log_uniform_divergence,
)

_SPREAD = 0.01
"""Standard deviation of what is drawn at first."""


@dataclass(frozen=True)
class ScaleStart:
    """What scales begin with."""

    widths: Sequence[int]
    """Channels of every group."""
    log_variance: float
    global_scale: float
    """Of a half-Cauchy prior on the scale that a group's channels share."""
    generator: torch.Generator
    device: torch.device

    def near(self, value: float, count: int) -> nn.Parameter:
        """Parameters (count,) near a value."""
        return nn.Parameter((value + _SPREAD * torch.randn(count, generator=self.generator)).to(self.device))


class Scales(Protocol):
    """Independent random scales of all channels, (G,)."""

    @property
    def parameters(self) -> Mapping[str, nn.Parameter]:
        """What is learned, by name."""
        ...

    def at(self, noise: Tensor) -> Tensor:
        """Scales (..., G) for standard normal noise (..., G)."""
        ...

    def divergence(self) -> Tensor:
        """From the prior, in nats; a scalar."""
        ...

    def add_gradients(self, weight: float) -> None:
        """Add the slopes of `weight` times the divergence to the gradients of the parameters."""
        ...

    def mean(self) -> Tensor:
        """Expected scales."""
        ...

    def variance(self) -> Tensor:
        """Their variances."""
        ...

    def open_probability(self) -> Tensor | None:
        """One minus the rate of the dropout that is as noisy; None where a scale closes by becoming small."""
        ...

    def scores(self) -> Tensor:
        """How much of a channel there is, 0 or more; those with least go first."""
        ...


class NormalJeffreysScales:
    """z ~ N(mean, variance), with the prior p(z) = 1 / |z|."""

    def __init__(self, start: ScaleStart) -> None:
        count = sum(start.widths)
        self._means = start.near(1.0, count)
        self._log_variances = start.near(start.log_variance, count)
        self.parameters = {"means": self._means, "log_variances": self._log_variances}

    def at(self, noise: Tensor) -> Tensor:
        """Normal scales."""
        return self._means + torch.exp(self._log_variances / 2) * noise

    def divergence(self) -> Tensor:
        """By the approximation of Molchanov et al. 2017."""
        return log_uniform_divergence(self._log_alpha()).sum()

    def add_gradients(self, weight: float) -> None:
        """In closed form."""
        add_log_uniform_gradients(self._log_variances, self._means, weight)

    def mean(self) -> Tensor:
        """As they are."""
        return self._means

    def variance(self) -> Tensor:
        """As they are."""
        return self._log_variances.exp()

    def scores(self) -> Tensor:
        """Shares of signal, `1 / (1 + alpha)`."""
        return torch.sigmoid(-self._log_alpha())

    def open_probability(self) -> Tensor:
        """`1 / (1 + alpha)`, as the scores."""
        return self.scores()

    def _log_alpha(self) -> Tensor:
        return log_alpha(self._log_variances, self._means)


class HorseshoeScales:
    """z = sqrt(s_a s_b a b): half-Cauchy priors on each channel's `sqrt(a b)` and each group's `sqrt(s_a s_b)`.

    A half-Cauchy variable of scale k, squared, is Gamma(1/2, k^2) times inverse Gamma(1/2, 1); posteriors are
    log-normal, and so is z.
    """

    def __init__(self, start: ScaleStart) -> None:
        count, groups = sum(start.widths), len(start.widths)
        self._variance_of_prior = start.global_scale**2
        lowest = math.log(self._variance_of_prior / 2)
        places = torch.arange(groups).repeat_interleave(torch.tensor(list(start.widths)))
        self._group = places.to(start.device)
        self.parameters = {
            "channel_a": start.near(math.log(1 / 2), count),
            "channel_b": start.near(math.log(2), count),
            "group_a": start.near(lowest, groups),
            "group_b": start.near(-lowest, groups),  # the heavy tail, so that scales begin at 1
            "channel_a_log_variance": start.near(start.log_variance, count),
            "channel_b_log_variance": start.near(start.log_variance, count),
            "group_a_log_variance": start.near(start.log_variance, groups),
            "group_b_log_variance": start.near(start.log_variance, groups),
        }

    def at(self, noise: Tensor) -> Tensor:
        """Log-normal scales."""
        return torch.exp(self._log_mean() + self._variance_of_log().sqrt() * noise)

    def divergence(self) -> Tensor:
        """Of all four kinds of factors, in closed form."""
        parts = [
            gamma_divergence(*self._factor("channel_a"), 1.0),
            inverse_gamma_divergence(*self._factor("channel_b")),
            gamma_divergence(*self._factor("group_a"), self._variance_of_prior),
            inverse_gamma_divergence(*self._factor("group_b")),
        ]
        return torch.cat(parts).sum()

    def add_gradients(self, weight: float) -> None:
        """In closed form."""
        add_gamma_gradients(*self._factor("channel_a"), weight, 1.0)
        add_inverse_gamma_gradients(*self._factor("channel_b"), weight)
        add_gamma_gradients(*self._factor("group_a"), weight, self._variance_of_prior)
        add_inverse_gamma_gradients(*self._factor("group_b"), weight)

    def mean(self) -> Tensor:
        """exp(mean + variance / 2) of the logarithm."""
        return torch.exp(self._log_mean() + self._variance_of_log() / 2)

    def variance(self) -> Tensor:
        """Of a log-normal variable."""
        return torch.expm1(self._variance_of_log()) * self.mean().square()

    def scores(self) -> Tensor:
        """Modes, `exp(mean - variance)` of the logarithm: the authors cut by them."""
        return torch.exp(self._log_mean() - self._variance_of_log())

    def open_probability(self) -> None:
        """A small scale may bear little noise."""

    def _factor(self, name: str) -> tuple[nn.Parameter, nn.Parameter]:
        """Mean and log variance of a factor's logarithm."""
        return self.parameters[name], self.parameters[f"{name}_log_variance"]

    def _log_mean(self) -> Tensor:
        own = self.parameters
        shared = (own["group_a"] + own["group_b"])[self._group]
        return (own["channel_a"] + own["channel_b"] + shared) / 2

    def _variance_of_log(self) -> Tensor:
        """Variance of log z."""
        spread = {name: self._factor(name)[1].exp() for name in ("channel_a", "channel_b", "group_a", "group_b")}
        shared = (spread["group_a"] + spread["group_b"])[self._group]
        return (spread["channel_a"] + spread["channel_b"] + shared) / 4


SCALES: Mapping[str, Callable[[ScaleStart], Scales]] = {
    "normal_jeffreys": NormalJeffreysScales,
    "horseshoe": HorseshoeScales,
}
"""By the setting `prior`."""
