"""Residual networks for CIFAR-sized images (He et al. 2016, arXiv:1512.03385, section 4.2)."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

STAGE_WIDTHS = (16, 32, 64)
_KERNEL = 3


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions with batch norm around a shortcut.

    Where the size changes, the shortcut is a strided 1x1 convolution with batch norm (option B of the paper), or, with
    `is_padded`, every second pixel with zero channels added on both sides (option A, no parameters).
    """

    def __init__(self, in_width: int, out_width: int, stride: int, *, is_padded: bool) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_width, out_width, _KERNEL, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(out_width)
        self.conv2 = nn.Conv2d(out_width, out_width, _KERNEL, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_width)
        self.stride = stride
        changes = stride != 1 or in_width != out_width
        self.pad = (out_width - in_width) // 2 if changes and is_padded else 0
        self.shortcut = nn.Sequential()
        if changes and not is_padded:
            self.shortcut.append(nn.Conv2d(in_width, out_width, 1, stride, bias=False))
            self.shortcut.append(nn.BatchNorm2d(out_width))

    def forward(self, x: Tensor) -> Tensor:
        """Feature maps (N, out_width, H / stride, W / stride) of maps (N, in_width, H, W)."""
        y = self.bn2(self.conv2(functional.relu(self.bn1(self.conv1(x)))))
        if self.pad:
            shortcut = x[:, :, :: self.stride, :: self.stride]
            shortcut = functional.pad(shortcut, (0, 0, 0, 0, self.pad, self.pad))
        else:
            shortcut = self.shortcut(x)
        return functional.relu(y + shortcut)


class ResNet(nn.Module):
    """A 3x3 convolution, three stages of residual blocks of 16, 32 and 64 channels, global average, `linear`.

    Module names are those of the common CIFAR implementations (`layer1.0.conv1`, `layer2.0.shortcut.0`, `linear`).
    """

    def __init__(self, channels: int, blocks: Sequence[int], class_count: int, *, is_padded: bool = False) -> None:
        super().__init__()
        width = STAGE_WIDTHS[0]
        self.conv1 = nn.Conv2d(channels, width, _KERNEL, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        stages = []
        for position, (out_width, count) in enumerate(zip(STAGE_WIDTHS, blocks, strict=True)):
            strides = [1 if position == 0 else 2] + [1] * (count - 1)
            stage = nn.Sequential()
            for stride in strides:
                stage.append(ResidualBlock(width, out_width, stride, is_padded=is_padded))
                width = out_width
            stages.append(stage)
        self.layer1, self.layer2, self.layer3 = stages
        self.linear = nn.Linear(width, class_count)

    def forward(self, x: Tensor) -> Tensor:
        """Class scores (N, class_count) of images (N, C, H, W)."""
        x = functional.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        scores: Tensor = self.linear(torch.mean(x, (2, 3)))
        return scores
