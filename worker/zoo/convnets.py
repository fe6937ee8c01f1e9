"""Conv-2, Conv-4 and Conv-6 of the lottery ticket papers, and AlexNet."""

import torch
from torch import Tensor, nn

from worker.zoo.sizes import pooled

CONV_WIDTHS = (64, 128, 256)
"""Width of each pair of convolutions."""
_HIDDEN = 256
_KERNEL = 3
_POOL = 2


class ConvPairs(nn.Module):
    """Pairs of padded 3x3 convolutions, each pair ended by max pooling; two hidden layers of 256 units.

    Conv-2, Conv-4 and Conv-6 are one, two and three pairs (Frankle and Carbin 2019, arXiv:1803.03635, figure 2).
    """

    def __init__(self, input_shape: tuple[int, int, int], pairs: int, class_count: int) -> None:
        super().__init__()
        channels, height, width = input_shape
        layers: list[nn.Module] = []
        for out_width in CONV_WIDTHS[:pairs]:
            for _ in range(2):
                layers += [nn.Conv2d(channels, out_width, _KERNEL, padding=_KERNEL // 2), nn.ReLU()]
                channels = out_width
            layers.append(nn.MaxPool2d(_POOL))
            height, width = pooled(height, _POOL), pooled(width, _POOL)
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Sequential(
            nn.Linear(channels * height * width, _HIDDEN),
            nn.ReLU(),
            nn.Linear(_HIDDEN, _HIDDEN),
            nn.ReLU(),
            nn.Linear(_HIDDEN, class_count),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Class scores (N, class_count) of images (N, C, H, W)."""
        scores: Tensor = self.classifier(torch.flatten(self.features(x), 1))
        return scores


class AlexNet(nn.Module):
    """AlexNet without normalization, in one column (Krizhevsky 2014, arXiv:1404.5997), with torchvision's names."""

    def __init__(self, channels: int, class_count: int) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(channels, 64, 11, stride=4, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(3, 2),
            nn.Conv2d(64, 192, 5, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(3, 2),
            nn.Conv2d(192, 384, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(384, 256, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(256, 256, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(3, 2),
        )
        self.avgpool = nn.AdaptiveAvgPool2d(6)
        self.classifier = nn.Sequential(
            nn.Dropout(),
            nn.Linear(256 * 6 * 6, 4096),
            nn.ReLU(),
            nn.Dropout(),
            nn.Linear(4096, 4096),
            nn.ReLU(),
            nn.Linear(4096, class_count),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Class scores (N, class_count) of images (N, C, H, W)."""
        scores: Tensor = self.classifier(torch.flatten(self.avgpool(self.features(x)), 1))
        return scores
