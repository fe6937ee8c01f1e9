"""Normal noise that is scaled by learned variances, with gradients in closed form: few passes over large tensors."""

import math
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

_LEAST_VARIANCE = 1e-16
"""Of a sum of nothing but zeros, whose root has no slope."""
_PER_NAT = 1 / math.log(2)
"""Bits. On the CPU powers of 2 take a third of the time of powers of e."""


def standard_noise(like: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """Draw in the shape, type and memory layout of a tensor, from torch's own stream there or a generator of the CPU.

    Numbers are drawn in the order of the memory: on the CPU any other takes ten times as long.
    """
    noise = torch.empty_like(like, device=like.device if generator is None else generator.device)
    noise.as_strided((noise.numel(),), (1,)).normal_(generator=generator)
    return noise.to(like.device, non_blocking=True)


class _Squared(torch.autograd.Function):
    """Squares in the same memory layout, whichever layouts a tensor with one channel could be said to have.

    Layers that get an input and its squares then answer both in one layout: the next operation on the two is fast.
    """

    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:
        ctx.save_for_backward(values)
        return torch.square(values, out=torch.empty_like(values))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        (values,) = ctx.saved_tensors
        return torch.mul(gradients[0], values).mul_(2)


class _Exponential(torch.autograd.Function):
    """As `torch.exp`, in the same memory layout."""

    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:
        powers = torch.mul(values, _PER_NAT, out=torch.empty_like(values)).exp2_()
        ctx.save_for_backward(powers)
        return powers

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        (powers,) = ctx.saved_tensors
        return torch.mul(gradients[0], powers)


class _Drawn(torch.autograd.Function):
    """`mean + exp(log_variance / 2) * noise`."""

    @staticmethod
    def forward(ctx: Any, mean: Tensor, log_variance: Tensor, noise: Tensor) -> Tensor:
        deviation = torch.mul(log_variance, _PER_NAT / 2).exp2_().mul_(noise)
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


def squared(values: Tensor) -> Tensor:
    """Squares, in the layout of the memory that the values have."""
    squares: Tensor = _Squared.apply(values)  # type: ignore[no-untyped-call]
    return squares


def variance_of(log_variance: Tensor) -> Tensor:
    """Variances, in the layout of the memory that their logarithms have."""
    variance: Tensor = _Exponential.apply(log_variance)  # type: ignore[no-untyped-call]
    return variance


def drawn(mean: Tensor, log_variance: Tensor, generator: torch.Generator) -> Tensor:
    """One draw of normal variables, all of one shape; the generator is on the CPU."""
    noise = standard_noise(mean, generator)
    draw: Tensor = _Drawn.apply(mean, log_variance, noise)  # type: ignore[no-untyped-call]
    return draw


def disturbed(mean: Tensor, variance: Tensor) -> Tensor:
    """One draw of normal variables by their variances, from torch's own stream; a variance may be zero."""
    draw: Tensor = _Disturbed.apply(mean, variance)  # type: ignore[no-untyped-call]
    return draw
