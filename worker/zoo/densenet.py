"""Densely connected networks (Huang et al. 2017, arXiv:1608.06993)."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

_BOTTLENECK = 4
"""Width of the 1x1 convolution over the growth rate."""


class _DenseLayer(nn.Module):
    """Norm, ReLU and a 3x3 convolution (behind a 1x1 bottleneck), concatenated to the input."""

    def __init__(self, in_width: int, growth: int, *, has_bottleneck: bool) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(in_width)
        if has_bottleneck:
            self.conv1 = nn.Conv2d(in_width, _BOTTLENECK * growth, 1, bias=False)
            self.norm2 = nn.BatchNorm2d(_BOTTLENECK * growth)
            self.conv2 = nn.Conv2d(_BOTTLENECK * growth, growth, 3, padding=1, bias=False)
        else:
            self.conv1 = nn.Conv2d(in_width, growth, 3, padding=1, bias=False)
        self.has_bottleneck = has_bottleneck

    def forward(self, x: Tensor) -> Tensor:
        """Maps (N, in_width + growth, H, W)."""
        y = self.conv1(functional.relu(self.norm1(x)))
        if self.has_bottleneck:
            y = self.conv2(functional.relu(self.norm2(y)))
        return torch.cat([x, y], 1)


class _Transition(nn.Module):
    """Norm, ReLU, a 1x1 convolution and average pooling."""

    def __init__(self, in_width: int, out_width: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(in_width)
        self.conv = nn.Conv2d(in_width, out_width, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Maps (N, out_width, H / 2, W / 2)."""
        return functional.avg_pool2d(self.conv(functional.relu(self.norm(x))), 2)


class DenseNet(nn.Module):
    """Dense blocks with transitions between them, a last norm, global average, `classifier`; torchvision's names.

    DenseNet-40 (growth 12): three blocks of 12 layers on a 3x3 convolution of 16 channels. DenseNet-121 (growth 32,
    with bottlenecks and halving transitions): blocks of 6, 12, 24 and 16 layers on a strided 7x7 convolution.
    """

    def __init__(
        self, channels: int, blocks: Sequence[int], growth: int, class_count: int, *, is_for_imagenet: bool
    ) -> None:
        super().__init__()
        width = 2 * growth if is_for_imagenet else 16
        self.features = nn.Sequential()
        if is_for_imagenet:
            self.features.add_module("conv0", nn.Conv2d(channels, width, 7, 2, 3, bias=False))
            self.features.add_module("norm0", nn.BatchNorm2d(width))
            self.features.add_module("relu0", nn.ReLU())
            self.features.add_module("pool0", nn.MaxPool2d(3, 2, 1))
        else:
            self.features.add_module("conv0", nn.Conv2d(channels, width, 3, padding=1, bias=False))
        for position, count in enumerate(blocks, start=1):
            block = nn.Sequential()
            for layer in range(1, count + 1):
                block.add_module(f"denselayer{layer}", _DenseLayer(width, growth, has_bottleneck=is_for_imagenet))
                width += growth
            self.features.add_module(f"denseblock{position}", block)
            if position < len(blocks):
                out_width = width // 2 if is_for_imagenet else width
                self.features.add_module(f"transition{position}", _Transition(width, out_width))
                width = out_width
        self.features.add_module(f"norm{len(blocks) + 1}", nn.BatchNorm2d(width))
        self.classifier = nn.Linear(width, class_count)

    def forward(self, x: Tensor) -> Tensor:
        """Class scores (N, class_count) of images (N, C, H, W)."""
        x = functional.relu(self.features(x))
        scores: Tensor = self.classifier(torch.mean(x, (2, 3)))
        return scores
