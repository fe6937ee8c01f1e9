"""Divergences of learned noise from its priors, in nats."""

import math
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from worker.engine.regularizers.gradients import gradient_of

_K1, _K2, _K3 = 0.63576, 1.87320, 1.48695
"""Of the approximation (Molchanov et al. 2017, eq. 14)."""
_TINY = 1e-8
_CONSTANT = math.lgamma(0.5) - math.log(2 * math.pi * math.e) / 2
"""Logarithm of Gamma(1/2), less the entropy of a standard normal variable."""


def log_alpha(log_variance: Tensor, mean: Tensor) -> Tensor:
    """log(sigma^2 / mean^2): how much of it is noise."""
    return log_variance - torch.log(mean.square() + _TINY)


def log_uniform_divergence(log_alpha: Tensor) -> Tensor:
    """KL(N(mean, alpha mean^2) || log-uniform prior), element-wise; zero for endless noise."""
    return _K1 - _K1 * torch.sigmoid(_K2 + _K3 * log_alpha) + 0.5 * F.softplus(-log_alpha)


@torch.no_grad()
def add_log_uniform_gradients(
    log_variance: nn.Parameter, mean: nn.Parameter, weight: float, limit: float = math.inf
) -> None:
    """Add the slopes of `weight` times the divergence, with log alpha kept within a limit of 0, to both gradients.

    The mean may be frozen. In closed form: a graph of single operations goes three times as often over large tensors.
    """
    squares = mean.square().add_(_TINY)
    signal = torch.log(squares).sub_(log_variance)  # -log alpha
    steep = torch.mul(signal, -_K3).add_(_K2).sigmoid_()
    slope = steep.addcmul_(steep, steep, value=-1).add_(torch.sigmoid(signal), alpha=0.5 / (_K1 * _K3))
    slope = torch.ops.aten.hardtanh_backward(slope, signal, -limit, limit)  # zero beyond
    gradient_of(log_variance).add_(slope, alpha=-_K1 * _K3 * weight)
    if mean.requires_grad:
        gradient_of(mean).addcmul_(slope, torch.div(mean, squares, out=squares), value=2 * _K1 * _K3 * weight)


def normal_divergence(log_variance: Tensor, mean: Tensor) -> Tensor:
    """KL(N(mean, sigma^2) || N(0, 1)), element-wise."""
    return 0.5 * (log_variance.exp() + mean.square() - 1 - log_variance)


@torch.no_grad()
def add_normal_gradients(log_variance: nn.Parameter, mean: nn.Parameter, weight: float) -> None:
    """Add the slopes of `weight` times `normal_divergence` to both gradients; the mean may be frozen."""
    gradient_of(log_variance).add_(log_variance.exp().sub_(1), alpha=weight / 2)
    if mean.requires_grad:
        gradient_of(mean).add_(mean, alpha=weight)


def gamma_divergence(mean: Tensor, log_variance: Tensor, scale: float) -> Tensor:
    """KL(log-normal || Gamma(shape 1/2, scale)), element-wise; `mean` and variance are those of the logarithm."""
    expected = torch.exp(mean + log_variance.exp() / 2)
    return expected / scale - mean / 2 + math.log(scale) / 2 + _CONSTANT - log_variance / 2


def inverse_gamma_divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(log-normal || inverse Gamma(shape 1/2, scale 1)), element-wise; as `gamma_divergence`."""
    expected = torch.exp(log_variance.exp() / 2 - mean)
    return expected + mean / 2 + _CONSTANT - log_variance / 2


@torch.no_grad()
def add_gamma_gradients(mean: nn.Parameter, log_variance: nn.Parameter, weight: float, scale: float) -> None:
    """Add the slopes of `weight` times `gamma_divergence` to both gradients."""
    _add_log_normal_gradients(mean, log_variance, weight, 1 / scale, sign=1)


@torch.no_grad()
def add_inverse_gamma_gradients(mean: nn.Parameter, log_variance: nn.Parameter, weight: float) -> None:
    """Add the slopes of `weight` times `inverse_gamma_divergence` to both gradients."""
    _add_log_normal_gradients(mean, log_variance, weight, 1.0, sign=-1)


def _add_log_normal_gradients(
    mean: nn.Parameter, log_variance: nn.Parameter, weight: float, factor: float, *, sign: Literal[1, -1]
) -> None:
    """Of `factor * exp(variance / 2 + sign * mean) - sign * mean / 2 - log_variance / 2`."""
    half = log_variance.exp().mul_(0.5)
    expected = torch.add(half, mean, alpha=sign).exp_().mul_(factor)
    gradient_of(mean).add_(expected - 0.5, alpha=sign * weight)
    gradient_of(log_variance).add_(expected.mul_(half).sub_(0.5), alpha=weight)
