"""MobileNetV1 (Howard et al. 2017, arXiv:1704.04861) and MobileNetV2 (Sandler et al. 2018, arXiv:1801.04381)."""

import torch
from torch import Tensor, nn

_V1_BLOCKS = (
    *((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)),
    *((512, 1),) * 5,
    *((1024, 2), (1024, 1)),
)
"""Output width and stride of the depthwise separable convolutions."""
_V2_STAGES = (
    *((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2)),
    *((6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)),
)
"""Expansion, output width, number of blocks and first stride of each stage."""
_STEM_WIDTH = 32
_V2_LAST_WIDTH = 1280


def _convolution(in_width: int, out_width: int, kernel: int, stride: int = 1, groups: int = 1) -> list[nn.Module]:
    """A padded convolution without bias, and its batch norm."""
    layer = nn.Conv2d(in_width, out_width, kernel, stride, kernel // 2, groups=groups, bias=False)
    return [layer, nn.BatchNorm2d(out_width)]


class MobileNetV1(nn.Module):
    """Thirteen depthwise separable convolutions, global average, `classifier`."""

    def __init__(self, channels: int, class_count: int) -> None:
        super().__init__()
        width = _STEM_WIDTH
        blocks = [nn.Sequential(*_convolution(channels, width, 3, 2), nn.ReLU())]
        for out_width, stride in _V1_BLOCKS:
            depthwise = [*_convolution(width, width, 3, stride, groups=width), nn.ReLU()]
            blocks.append(nn.Sequential(*depthwise, *_convolution(width, out_width, 1), nn.ReLU()))
            width = out_width
        self.features = nn.Sequential(*blocks)
        self.classifier = nn.Linear(width, class_count)

    def forward(self, x: Tensor) -> Tensor:
        """Class scores (N, class_count) of images (N, C, H, W)."""
        scores: Tensor = self.classifier(torch.mean(self.features(x), (2, 3)))
        return scores


class InvertedResidual(nn.Module):
    """A 1x1 convolution that widens, a depthwise 3x3, a linear 1x1 that narrows; with a shortcut where shapes agree."""

    def __init__(self, in_width: int, out_width: int, stride: int, expansion: int) -> None:
        super().__init__()
        inner = in_width * expansion
        layers: list[nn.Module] = []
        if expansion != 1:
            layers.append(nn.Sequential(*_convolution(in_width, inner, 1), nn.ReLU6()))
        layers.append(nn.Sequential(*_convolution(inner, inner, 3, stride, groups=inner), nn.ReLU6()))
        self.conv = nn.Sequential(*layers, *_convolution(inner, out_width, 1))
        self.has_shortcut = stride == 1 and in_width == out_width

    def forward(self, x: Tensor) -> Tensor:
        """Maps (N, out_width, H / stride, W / stride)."""
        y: Tensor = self.conv(x)
        return x + y if self.has_shortcut else y


class MobileNetV2(nn.Module):
    """Seventeen inverted residual blocks, a 1x1 convolution, global average, `classifier`; torchvision's names."""

    def __init__(self, channels: int, class_count: int) -> None:
        super().__init__()
        width = _STEM_WIDTH
        blocks: list[nn.Module] = [nn.Sequential(*_convolution(channels, width, 3, 2), nn.ReLU6())]
        for expansion, out_width, count, first_stride in _V2_STAGES:
            for position in range(count):
                blocks.append(InvertedResidual(width, out_width, first_stride if position == 0 else 1, expansion))
                width = out_width
        blocks.append(nn.Sequential(*_convolution(width, _V2_LAST_WIDTH, 1), nn.ReLU6()))
        self.features = nn.Sequential(*blocks)
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(_V2_LAST_WIDTH, class_count))

    def forward(self, x: Tensor) -> Tensor:
        """Class scores (N, class_count) of images (N, C, H, W)."""
        scores: Tensor = self.classifier(torch.mean(self.features(x), (2, 3)))
        return scores
