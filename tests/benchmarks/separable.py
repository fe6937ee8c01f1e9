"""A small network of depthwise separable convolutions, whose layers differ much in time per operation."""

import torch
from torch import nn

from worker.engine.network import Network, capture

_WIDTHS = (16, 32, 64, 128, 128)
_STRIDES = (2, 1, 2, 1)


def separable(shape: tuple[int, ...], class_count: int, seed: int) -> Network:
    """A convolution, four depthwise and pointwise pairs, each with batch norm, and a linear layer; fresh weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        layers = [*_normed(shape[0], _WIDTHS[0], 3)]
        for width, out, stride in zip(_WIDTHS, _WIDTHS[1:], _STRIDES, strict=False):
            layers += [*_normed(width, width, 3, stride=stride, groups=width), *_normed(width, out, 1)]
        head = (nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(_WIDTHS[-1], class_count))
        return capture(nn.Sequential(*layers, *head).eval(), (torch.zeros(2, *shape),), "separable")


def _normed(width: int, out: int, kernel: int, *, stride: int = 1, groups: int = 1) -> tuple[nn.Module, ...]:
    convolution = nn.Conv2d(width, out, kernel, stride, kernel // 2, groups=groups, bias=False)
    return convolution, nn.BatchNorm2d(out), nn.ReLU()
