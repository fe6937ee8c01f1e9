"""Proximal steps: what makes weights, or groups of them, exactly zero."""

import torch
from torch import Tensor
from torch.nn import functional

from worker.engine.batch_norms import batch_norm_scales, scales_of
from worker.engine.graph import Network
from worker.engine.regularizers.places import ChannelPlaces


@torch.no_grad()
def shrink_channels(places: ChannelPlaces, strength: float, *, by_size: bool) -> None:
    """`w <- w * max(0, 1 - t / ||w||)` for each channel, `t = strength * sqrt(|w|)` or `strength`."""
    places.scale(_factors(places, strength, by_size=by_size))


def _factors(places: ChannelPlaces, strength: float, *, by_size: bool) -> Tensor:
    norms = places.squared_sums().sqrt()
    thresholds = strength * places.root_sizes if by_size else torch.full_like(norms, strength)
    return shrinkage(norms, thresholds)


class Filters:
    """The weights that make each channel, shrunk together; in front of a batch norm they stay zero once they are.

    Behind weights that are all zero a batch norm divides by `sqrt(eps)`: the next step would throw them back, far
    beyond where they came from, and its gradient would drown all others where gradients have a limited length.
    """

    def __init__(self, places: ChannelPlaces, network: Network) -> None:
        self.places = places
        scales = batch_norm_scales(network)
        has_norm = {group.name: float(bool(scales_of(group, scales))) for group in places.groups}
        self._has_any = any(has_norm.values())
        self._is_normed = places.spread(has_norm).bool()
        with torch.no_grad():
            self._gone = self._is_normed & (places.squared_sums() == 0)
        """They stay there, so a checkpoint's weights tell it."""

    @torch.no_grad()
    def drop_gradients(self) -> None:
        """None for what stays zero."""
        if self._has_any:
            self.places.scale_gradients((~self._gone).float())

    @torch.no_grad()
    def shrink(self, strength: float, *, by_size: bool) -> None:
        """As `shrink_channels`, but for what stays zero."""
        factors = _factors(self.places, strength, by_size=by_size)
        if self._has_any:
            factors.masked_fill_(self._gone, 0.0)
            self._gone = self._is_normed & (factors == 0)
        self.places.scale(factors)


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
