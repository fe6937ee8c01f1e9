"""Residual networks for ImageNet-sized images (He et al. 2016, arXiv:1512.03385, table 1), with torchvision's names."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

STAGE_WIDTHS = (64, 128, 256, 512)
_EXPANSION = 4
"""Output width of a bottleneck over its inner width."""


class BasicBlock(nn.Module):
    """Two 3x3 convolutions around a shortcut, which is a strided 1x1 convolution where the shape changes."""

    expansion = 1

    def __init__(self, in_width: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_width, width, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = _downsample(in_width, width, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Maps (N, width, H / stride, W / stride)."""
        y = functional.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        return functional.relu(y + (x if self.downsample is None else self.downsample(x)))


class Bottleneck(nn.Module):
    """1x1, 3x3 (with the stride) and 1x1 convolutions around a shortcut; the last is four times as wide."""

    expansion = _EXPANSION

    def __init__(self, in_width: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_width, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, width * _EXPANSION, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(width * _EXPANSION)
        self.downsample = _downsample(in_width, width * _EXPANSION, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Maps (N, 4 width, H / stride, W / stride)."""
        y = functional.relu(self.bn1(self.conv1(x)))
        y = functional.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        return functional.relu(y + (x if self.downsample is None else self.downsample(x)))


def _downsample(in_width: int, out_width: int, stride: int) -> nn.Sequential | None:
    if stride == 1 and in_width == out_width:
        return None
    return nn.Sequential(nn.Conv2d(in_width, out_width, 1, stride, bias=False), nn.BatchNorm2d(out_width))


class ImageNetResNet(nn.Module):
    """A strided 7x7 convolution and max pooling, four stages of residual blocks, global average, `fc`."""

    def __init__(
        self, channels: int, block: type[BasicBlock | Bottleneck], blocks: Sequence[int], class_count: int
    ) -> None:
        super().__init__()
        width = STAGE_WIDTHS[0]
        self.conv1 = nn.Conv2d(channels, width, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        stages = []
        for position, (inner, count) in enumerate(zip(STAGE_WIDTHS, blocks, strict=True)):
            stage = nn.Sequential()
            for stride in [1 if position == 0 else 2] + [1] * (count - 1):
                stage.append(block(width, inner, stride))
                width = inner * block.expansion
            stages.append(stage)
        self.layer1, self.layer2, self.layer3, self.layer4 = stages
        self.fc = nn.Linear(width, class_count)

    def forward(self, x: Tensor) -> Tensor:
        """Class scores (N, class_count) of images (N, C, H, W)."""
        x = self.maxpool(functional.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        scores: Tensor = self.fc(torch.mean(x, (2, 3)))
        return scores
