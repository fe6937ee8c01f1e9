"""VGG networks with batch norm for small images."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

VGG16_STAGES = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
VGG_SMALL_STAGES = ((16, 16), (32, 32), (64, 64))
_KERNEL = 3
_POOL = 2


class Vgg(nn.Module):
    """Stages of 3x3 convolutions with batch norm and ReLU, each ended by max pooling; one linear classifier.

    Module names (`features.0`, ..., `classifier`) are those of the common CIFAR implementations. What is left of the
    map after the last stage (1x1 for the smallest input) is averaged, so larger inputs fit too.
    """

    def __init__(self, channels: int, stages: Sequence[Sequence[int]], class_count: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for widths in stages:
            for width in widths:
                layers += [
                    nn.Conv2d(channels, width, _KERNEL, padding=_KERNEL // 2),
                    nn.BatchNorm2d(width),
                    nn.ReLU(),
                ]
                channels = width
            layers.append(nn.MaxPool2d(_POOL))
        self.features = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1))
        self.classifier = nn.Linear(channels, class_count)

    def forward(self, x: Tensor) -> Tensor:
        """Class scores (N, class_count) of images (N, C, H, W)."""
        scores: Tensor = self.classifier(torch.flatten(self.features(x), 1))
        return scores
