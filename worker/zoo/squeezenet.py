"""SqueezeNet 1.0 and 1.1 (Iandola et al. 2016, arXiv:1602.07360), with torchvision's names."""

import torch
from torch import Tensor, nn
from torch.nn import functional

_FIRES = ((16, 64), (16, 64), (32, 128), (32, 128), (48, 192), (48, 192), (64, 256), (64, 256))
"""Squeeze and expand widths of the eight fire modules."""


class Fire(nn.Module):
    """A 1x1 convolution that squeezes, and 1x1 and 3x3 convolutions side by side that expand."""

    def __init__(self, in_width: int, squeeze: int, expand: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(in_width, squeeze, 1)
        self.expand1x1 = nn.Conv2d(squeeze, expand, 1)
        self.expand3x3 = nn.Conv2d(squeeze, expand, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Maps (N, 2 expand, H, W)."""
        x = functional.relu(self.squeeze(x))
        return torch.cat([functional.relu(self.expand1x1(x)), functional.relu(self.expand3x3(x))], 1)


class SqueezeNet(nn.Module):
    """A convolution, eight fire modules with max pooling between them, and a 1x1 convolution as the classifier.

    Version 1.1 begins with a smaller convolution and pools earlier: 2.4 times less compute.
    """

    def __init__(self, channels: int, class_count: int, *, version: str) -> None:
        super().__init__()
        width, kernel, pools = (96, 7, (0, 3, 7)) if version == "1_0" else (64, 3, (0, 2, 4))
        layers: list[nn.Module] = [nn.Conv2d(channels, width, kernel, 2), nn.ReLU()]
        for position, (squeeze, expand) in enumerate(_FIRES):
            if position in pools:
                layers.append(nn.MaxPool2d(3, 2, ceil_mode=True))
            layers.append(Fire(width, squeeze, expand))
            width = 2 * expand
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Sequential(nn.Dropout(), nn.Conv2d(width, class_count, 1), nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        """Class scores (N, class_count) of images (N, C, H, W)."""
        return torch.mean(self.classifier(self.features(x)), (2, 3))
