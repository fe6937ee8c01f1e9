"""Norms of a dense module whose statistics leave out the channels that are silent: what a thinner norm computes.

A channel counts as silent when its weight in the norm is zero, so nothing is shared with the search for groups.
"""

import copy
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from tests.engine.constructs_attention import RootMeanSquareNorm


def over_kept_channels(dense: nn.Module) -> nn.Module:
    """A copy of a module whose layer, group and root-mean-square norms see only channels that are not silent."""
    module = copy.deepcopy(dense)
    for layer in module.modules():
        substitute = _SUBSTITUTES.get(type(layer))
        if substitute is not None:
            layer.__class__ = substitute
    return module


def _alive(weight: Tensor) -> Tensor:
    """Which channels are not silent, 0 or 1."""
    return (weight != 0).to(weight.dtype)


def _mean(x: Tensor, alive: Tensor, axes: Sequence[int]) -> Tensor:
    return (x * alive).sum(axes, keepdim=True) / (torch.ones_like(x) * alive).sum(axes, keepdim=True)


def _standardize(x: Tensor, alive: Tensor, axes: Sequence[int], eps: float) -> Tensor:
    centered = (x - _mean(x, alive, axes)) * alive
    return centered / torch.sqrt(_mean(centered.square(), alive, axes) + eps)


def _last_axes(x: Tensor, count: int) -> list[int]:
    return list(range(x.dim() - count, x.dim()))


class _LayerNorm(nn.LayerNorm):
    def forward(self, x: Tensor) -> Tensor:
        axes = _last_axes(x, len(self.normalized_shape))
        return _standardize(x, _alive(self.weight), axes, self.eps) * self.weight + self.bias


class _RMSNorm(nn.RMSNorm):
    def forward(self, x: Tensor) -> Tensor:
        axes = _last_axes(x, len(self.normalized_shape))
        return x * torch.rsqrt(_mean(x.square(), _alive(self.weight), axes) + self.eps) * self.weight


class _WrittenOutNorm(RootMeanSquareNorm):
    def forward(self, x: Tensor) -> Tensor:
        return self.weight * (x * torch.rsqrt(_mean(x.square(), _alive(self.weight), [x.dim() - 1]) + 1e-6))


class _GroupNorm(nn.GroupNorm):
    def forward(self, x: Tensor) -> Tensor:
        if self.num_groups > 1:
            return super().forward(x)
        shape, axes = [1, -1] + [1] * (x.dim() - 2), list(range(1, x.dim()))
        weight, bias = self.weight.view(shape), self.bias.view(shape)
        return _standardize(x, _alive(weight), axes, self.eps) * weight + bias


_SUBSTITUTES: dict[type[nn.Module], type[nn.Module]] = {
    nn.LayerNorm: _LayerNorm,
    nn.RMSNorm: _RMSNorm,
    nn.GroupNorm: _GroupNorm,
    RootMeanSquareNorm: _WrittenOutNorm,
}
