"""Divergences of learned noise from its priors, in nats."""

import torch
from torch import Tensor
from torch.nn import functional as F

_K1, _K2, _K3 = 0.63576, 1.87320, 1.48695
"""Of the approximation (Molchanov et al. 2017, eq. 14)."""
_TINY = 1e-8


def log_alpha(log_variance: Tensor, mean: Tensor) -> Tensor:
    """log(sigma^2 / mean^2): how much of it is noise."""
    return log_variance - torch.log(mean.square() + _TINY)


def log_uniform_divergence(log_alpha: Tensor) -> Tensor:
    """KL(N(mean, alpha mean^2) || log-uniform prior), element-wise; zero for endless noise."""
    return _K1 - _K1 * torch.sigmoid(_K2 + _K3 * log_alpha) + 0.5 * F.softplus(-log_alpha)


def normal_divergence(log_variance: Tensor, mean: Tensor) -> Tensor:
    """KL(N(mean, sigma^2) || N(0, 1)), element-wise."""
    return 0.5 * (log_variance.exp() + mean.square() - 1 - log_variance)
