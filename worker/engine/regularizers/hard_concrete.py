"""The hard-concrete distribution: a gate in [0, 1] that is exactly 0 or 1 with positive probability (Louizos 2018)."""

import math
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

BETA, GAMMA, ZETA = 2 / 3, -0.1, 1.1
"""Temperature, and the interval to which the concrete variable is stretched before it is clamped."""
_SHIFT = BETA * math.log(-GAMMA / ZETA)


class _Gate(torch.autograd.Function):
    """Forward and backward as few operations on small vectors, whose number is what they cost."""

    @staticmethod
    def forward(ctx: Any, log_alpha: Tensor, noise: Tensor) -> Tensor:
        concrete = torch.logit(noise).add_(log_alpha).div_(BETA).sigmoid_()
        gates = _stretch(concrete)
        ctx.save_for_backward(concrete, gates)
        return gates

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        concrete, gates = ctx.saved_tensors
        inside = torch.ops.aten.hardtanh_backward(gradients[0], gates, 0, 1)
        return torch.ops.aten.sigmoid_backward(inside, concrete).mul_((ZETA - GAMMA) / BETA), None


def gate(log_alpha: Tensor, noise: Tensor) -> Tensor:
    """Gates for uniform noise in (0, 1): `clamp(sigmoid((logit(noise) + log_alpha) / beta) stretched, 0, 1)`."""
    gates: Tensor = _Gate.apply(log_alpha, noise)  # type: ignore[no-untyped-call]
    return gates


def open_probability(log_alpha: Tensor) -> Tensor:
    """P(gate > 0) = sigmoid(log_alpha - beta log(-gamma / zeta)): the expected L0 norm of one gate."""
    return torch.sigmoid(log_alpha - _SHIFT)


def final_gate(log_alpha: Tensor) -> Tensor:
    """The gate without noise: zero exactly where log_alpha <= log(-gamma / zeta) = -2.398."""
    return _stretch(torch.sigmoid(log_alpha))


def _stretch(concrete: Tensor) -> Tensor:
    return torch.mul(concrete, ZETA - GAMMA).add_(GAMMA).clamp_(0, 1)
