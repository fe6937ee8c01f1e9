"""Independent binary gates with logits: draws, and what can be said of them exactly."""

from collections.abc import Callable
from typing import TypeAlias

import torch
from torch import Tensor

Loss: TypeAlias = Callable[[Tensor], Tensor]
"""From gates (..., K), binary or relaxed to [0, 1], to losses (...)."""

_EDGE = 1e-6
"""Uniform noise stays this far from 0 and 1, so that logits are finite."""


def draw_noise(shape: tuple[int, ...], generator: torch.Generator, dtype: torch.dtype = torch.float32) -> Tensor:
    """Uniform noise on the CPU."""
    return torch.empty(shape, dtype=dtype).uniform_(_EDGE, 1 - _EDGE, generator=generator)


def open_gates(logits: Tensor, noise: Tensor) -> Tensor:
    """Gates (..., K) that are 1 where the noise is below `sigmoid(logits)`, else 0."""
    return (noise < torch.sigmoid(logits)).to(noise.dtype)


def mirrored_gates(logits: Tensor, noise: Tensor) -> Tensor:
    """The gates of mirrored noise, `1 - noise`: open with the same probability, as unlike as can be."""
    return (noise > torch.sigmoid(-logits)).to(noise.dtype)


def exact_gradient(loss: Loss, logits: Tensor) -> Tensor:
    """Gradient (K,) of the expected loss by the logits, by enumerating all 2^K gates."""
    count = len(logits)
    numbers = torch.arange(2**count)
    gates = ((numbers[:, None] >> torch.arange(count)) & 1).to(logits.dtype)
    free = logits.detach().clone().requires_grad_()
    log_probability = -torch.nn.functional.softplus(torch.where(gates == 1, -free, free)).sum(1)
    expected = (log_probability.exp() * loss(gates).detach()).sum()
    (gradient,) = torch.autograd.grad(expected, free)
    return gradient
