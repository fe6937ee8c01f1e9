"""ShuffleNetV2 (Ma et al. 2018, arXiv:1807.11164), with torchvision's names."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

SHUFFLENET_WIDTHS = {"0.5": (24, 48, 96, 192, 1024), "1.0": (24, 116, 232, 464, 1024)}
"""Widths of the stem, the three stages and the last convolution, by the paper's width multiplier."""
_STAGE_BLOCKS = (4, 8, 4)


def _convolution(
    in_width: int, out_width: int, kernel: int, stride: int = 1, *, is_depthwise: bool = False
) -> list[nn.Module]:
    groups = in_width if is_depthwise else 1
    layer = nn.Conv2d(in_width, out_width, kernel, stride, kernel // 2, groups=groups, bias=False)
    return [layer, nn.BatchNorm2d(out_width)]


class ShuffleBlock(nn.Module):
    """Half of the channels pass (or both halves see the strided input); then the halves are interleaved."""

    def __init__(self, in_width: int, out_width: int, stride: int) -> None:
        super().__init__()
        half = out_width // 2
        self.is_strided = stride > 1
        self.branch1 = nn.Sequential()
        if self.is_strided:
            first = _convolution(in_width, in_width, 3, stride, is_depthwise=True)
            self.branch1 = nn.Sequential(*first, *_convolution(in_width, half, 1), nn.ReLU())
        inner = in_width if self.is_strided else half
        self.branch2 = nn.Sequential(
            *_convolution(inner, half, 1),
            nn.ReLU(),
            *_convolution(half, half, 3, stride, is_depthwise=True),
            *_convolution(half, half, 1),
            nn.ReLU(),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Maps (N, out_width, H / stride, W / stride)."""
        passed, changed = (x, x) if self.is_strided else x.chunk(2, 1)
        x = torch.cat([self.branch1(passed), self.branch2(changed)], 1)
        batch, width, height, length = x.shape
        x = x.view(batch, 2, width // 2, height, length).transpose(1, 2)
        return x.reshape(batch, width, height, length)


class ShuffleNetV2(nn.Module):
    """A strided convolution and max pooling, three stages of shuffle blocks, a 1x1 convolution, average, `fc`."""

    def __init__(self, channels: int, widths: Sequence[int], class_count: int) -> None:
        super().__init__()
        stem, *stage_widths, last = widths
        self.conv1 = nn.Sequential(*_convolution(channels, stem, 3, 2), nn.ReLU())
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        width, stages = stem, []
        for out_width, count in zip(stage_widths, _STAGE_BLOCKS, strict=True):
            stage = nn.Sequential()
            for stride in [2] + [1] * (count - 1):
                stage.append(ShuffleBlock(width, out_width, stride))
                width = out_width
            stages.append(stage)
        self.stage2, self.stage3, self.stage4 = stages
        self.conv5 = nn.Sequential(*_convolution(width, last, 1), nn.ReLU())
        self.fc = nn.Linear(last, class_count)

    def forward(self, x: Tensor) -> Tensor:
        """Class scores (N, class_count) of images (N, C, H, W)."""
        x = self.maxpool(self.conv1(x))
        x = self.conv5(self.stage4(self.stage3(self.stage2(x))))
        scores: Tensor = self.fc(torch.mean(x, (2, 3)))
        return scores
