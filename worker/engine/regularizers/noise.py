"""Normal noise that is scaled by learned variances, with gradients in closed form: few passes over large tensors."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

_LEAST_VARIANCE = 1e-16
"""Of a sum of nothing but zeros, whose root has no slope."""


def standard_noise(like: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """Draw in the shape, type and memory layout of a tensor, from torch's own stream there or a generator of the CPU.

    Numbers are drawn in the order of the memory: on the CPU any other takes ten times as long.
    """
    noise = torch.empty_like(like, device=like.device if generator is None else generator.device)
    noise.as_strided((noise.numel(),), (1,)).normal_(generator=generator)
    return noise.to(like.device, non_blocking=True)


class _Drawn(torch.autograd.Function):
    """`mean + exp(log_variance / 2) * noise`."""

    @staticmethod
    def forward(ctx: Any, mean: Tensor, log_variance: Tensor, noise: Tensor) -> Tensor:
        deviation = torch.mul(log_variance, 0.5).exp_().mul_(noise)
        ctx.save_for_backward(deviation)
        return mean + deviation

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, None]:
        (deviation,) = ctx.saved_tensors
        return gradients[0], torch.mul(gradients[0], deviation).mul_(0.5), None


class _Disturbed(torch.autograd.Function):
    """`mean + sqrt(variance) * noise`."""

    @staticmethod
    def forward(ctx: Any, mean: Tensor, variance: Tensor) -> Tensor:
        ratio = variance.clamp_min(_LEAST_VARIANCE).rsqrt_().mul_(standard_noise(mean))
        ctx.save_for_backward(ratio)
        return torch.addcmul(mean, variance, ratio)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor]:
        (ratio,) = ctx.saved_tensors
        return gradients[0], torch.mul(gradients[0], ratio).mul_(0.5)


def drawn(mean: Tensor, log_variance: Tensor, generator: torch.Generator) -> Tensor:
    """One draw of normal variables, all of one shape; the generator is on the CPU."""
    noise = standard_noise(mean, generator)
    draw: Tensor = _Drawn.apply(mean, log_variance, noise)  # type: ignore[no-untyped-call]
    return draw


def disturbed(mean: Tensor, variance: Tensor) -> Tensor:
    """One draw of normal variables by their variances, from torch's own stream; a variance may be zero."""
    draw: Tensor = _Disturbed.apply(mean, variance)  # type: ignore[no-untyped-call]
    return draw
