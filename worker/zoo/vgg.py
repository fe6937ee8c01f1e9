"""VGG networks (Simonyan and Zisserman 2015, arXiv:1409.1556), for small images and for ImageNet."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

VGG11_STAGES = ((64,), (128,), (256, 256), (512, 512), (512, 512))
VGG16_STAGES = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
VGG19_STAGES = ((64, 64), (128, 128), (256,) * 4, (512,) * 4, (512,) * 4)
VGG_SMALL_STAGES = ((16, 16), (32, 32), (64, 64))
_KERNEL = 3
_POOL = 2
_LAST_SIZE = 7
"""Height and width of the last map that the ImageNet classifier reads."""
_HIDDEN = 4096


def _features(channels: int, stages: Sequence[Sequence[int]], *, has_norm: bool) -> list[nn.Module]:
    """Stages of 3x3 convolutions with ReLU (and batch norm), each ended by max pooling."""
    layers: list[nn.Module] = []
    for widths in stages:
        for width in widths:
            layers.append(nn.Conv2d(channels, width, _KERNEL, padding=_KERNEL // 2))
            layers += [nn.BatchNorm2d(width)] if has_norm else []
            layers.append(nn.ReLU())
            channels = width
        layers.append(nn.MaxPool2d(_POOL))
    return layers


class Vgg(nn.Module):
    """VGG for small images: one linear classifier.

    Module names (`features.0`, ..., `classifier`) are those of the common CIFAR implementations. What is left of the
    map after the last stage (1x1 for the smallest input) is averaged, so larger inputs fit too.
    """

    def __init__(
        self, channels: int, stages: Sequence[Sequence[int]], class_count: int, *, has_norm: bool = True
    ) -> None:
        super().__init__()
        layers = _features(channels, stages, has_norm=has_norm)
        self.features = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1))
        self.classifier = nn.Linear(stages[-1][-1], class_count)

    def forward(self, x: Tensor) -> Tensor:
        """Class scores (N, class_count) of images (N, C, H, W)."""
        scores: Tensor = self.classifier(torch.flatten(self.features(x), 1))
        return scores


class ImageNetVgg(nn.Module):
    """VGG for ImageNet: two hidden layers of 4096 units on a 7x7 map, with torchvision's names."""

    def __init__(self, channels: int, stages: Sequence[Sequence[int]], class_count: int, *, has_norm: bool) -> None:
        super().__init__()
        self.features = nn.Sequential(*_features(channels, stages, has_norm=has_norm))
        self.avgpool = nn.AdaptiveAvgPool2d(_LAST_SIZE)
        self.classifier = nn.Sequential(
            nn.Linear(stages[-1][-1] * _LAST_SIZE**2, _HIDDEN),
            nn.ReLU(),
            nn.Dropout(),
            nn.Linear(_HIDDEN, _HIDDEN),
            nn.ReLU(),
            nn.Dropout(),
            nn.Linear(_HIDDEN, class_count),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Class scores (N, class_count) of images (N, C, H, W)."""
        scores: Tensor = self.classifier(torch.flatten(self.avgpool(self.features(x)), 1))
        return scores
