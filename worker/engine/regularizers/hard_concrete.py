"""The hard-concrete distribution: a gate in [0, 1] that is exactly 0 or 1 with positive probability (Louizos 2018)."""

import math

import torch
from torch import Tensor

BETA, GAMMA, ZETA = 2 / 3, -0.1, 1.1
"""Temperature, and the interval to which the concrete variable is stretched before it is clamped."""
_SHIFT = BETA * math.log(-GAMMA / ZETA)


def gate(log_alpha: Tensor, noise: Tensor) -> Tensor:
    """Gates for uniform noise in (0, 1): `clamp(sigmoid((logit(noise) + log_alpha) / beta) stretched, 0, 1)`."""
    concrete = torch.sigmoid((torch.logit(noise) + log_alpha) / BETA)
    return _stretch(concrete)


def open_probability(log_alpha: Tensor) -> Tensor:
    """P(gate > 0) = sigmoid(log_alpha - beta log(-gamma / zeta)): the expected L0 norm of one gate."""
    return torch.sigmoid(log_alpha - _SHIFT)


def final_gate(log_alpha: Tensor) -> Tensor:
    """The gate without noise: zero exactly where log_alpha <= log(-gamma / zeta) = -2.398."""
    return _stretch(torch.sigmoid(log_alpha))


def _stretch(concrete: Tensor) -> Tensor:
    return (concrete * (ZETA - GAMMA) + GAMMA).clamp(0, 1)
