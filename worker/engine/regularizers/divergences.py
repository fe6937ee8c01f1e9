"""Divergences of learned noise from its priors, in nats."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

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


def log_uniform_slopes(log_variance: Tensor, mean: Tensor, limit: float) -> tuple[Tensor, Tensor]:
    """Slopes of `log_uniform_divergence` by log variance and mean, where log alpha is kept within a limit of 0.

    In closed form and without a graph: a third of the passes over tensors that may be large.
    """
    log_variance, mean = log_variance.detach(), mean.detach()
    squares = mean.square().add_(_TINY)
    noise = torch.log(squares).neg_().add_(log_variance)
    steep = torch.mul(noise, _K3).add_(_K2).sigmoid_()
    slope = torch.addcmul(steep, steep, steep, value=-1).mul_(-_K1 * _K3).sub_(torch.neg(noise).sigmoid_(), alpha=0.5)
    slope = torch.ops.aten.hardtanh_backward(slope, noise, -limit, limit)
    return slope, squares.reciprocal_().mul_(mean).mul_(slope).mul_(-2)


def normal_divergence(log_variance: Tensor, mean: Tensor) -> Tensor:
    """KL(N(mean, sigma^2) || N(0, 1)), element-wise."""
    return 0.5 * (log_variance.exp() + mean.square() - 1 - log_variance)


def gamma_divergence(mean: Tensor, log_variance: Tensor, scale: float) -> Tensor:
    """KL(log-normal || Gamma(shape 1/2, scale)), element-wise; `mean` and variance are those of the logarithm."""
    expected = torch.exp(mean + log_variance.exp() / 2)
    return expected / scale - mean / 2 + math.log(scale) / 2 + _CONSTANT - log_variance / 2


def inverse_gamma_divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(log-normal || inverse Gamma(shape 1/2, scale 1)), element-wise; as `gamma_divergence`."""
    expected = torch.exp(log_variance.exp() / 2 - mean)
    return expected + mean / 2 + _CONSTANT - log_variance / 2
