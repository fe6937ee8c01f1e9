"""Proximal steps: what makes weights, or groups of them, exactly zero."""

import torch
from torch import Tensor
from torch.nn import functional

from worker.engine.regularizers.places import ChannelPlaces


@torch.no_grad()
def shrink_channels(places: ChannelPlaces, strength: float, *, by_size: bool) -> None:
    """`w <- w * max(0, 1 - t / ||w||)` for each channel, `t = strength * sqrt(|w|)` or `strength`."""
    norms = places.squared_sums().sqrt()
    thresholds = strength * places.root_sizes if by_size else torch.full_like(norms, strength)
    places.scale(shrinkage(norms, thresholds))


def shrinkage(norms: Tensor, thresholds: Tensor) -> Tensor:
    """Factor in [0, 1] of each group; 0 where the norm is at most the threshold, which must be above 0."""
    return (1 - thresholds / torch.maximum(norms, thresholds)).clamp_min(0)


@torch.no_grad()
def shrink_weights(weight: Tensor, strength: float) -> None:
    """Soft threshold: every element moves towards zero by `strength`, and stops there."""
    functional.softshrink(weight, strength, out=weight)  # type: ignore[call-arg]


@torch.no_grad()
def shrink_along(weight: Tensor, axes: tuple[int, ...], strength: float) -> None:
    """Shrink the norm over `axes`, for each place along the others; the threshold is `strength * sqrt(elements)`."""
    norms = torch.linalg.vector_norm(weight, dim=axes, keepdim=True)
    size = weight.numel() / norms.numel()
    weight.mul_(shrinkage(norms, torch.full_like(norms, strength * size**0.5)))
