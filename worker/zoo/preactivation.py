"""Residual networks with batch norm and ReLU in front of every convolution, for CIFAR-sized images."""

import torch
from torch import Tensor, nn
from torch.nn import functional

_STEM_WIDTH = 16
_STAGE_WIDTHS = (16, 32, 64)
_EXPANSION = 4
"""Output width of a bottleneck over its inner width."""


class _Block(nn.Module):
    """Convolutions of the given kernels, each after batch norm and ReLU, around a shortcut.

    Where the shape changes, the shortcut is a strided 1x1 convolution of the activated input.
    """

    def __init__(self, in_width: int, widths: tuple[int, ...], kernels: tuple[int, ...], stride: int) -> None:
        super().__init__()
        width, strided = in_width, kernels.index(3)
        self.depth = len(kernels)
        for position, (out_width, kernel) in enumerate(zip(widths, kernels, strict=True)):
            own_stride = stride if position == strided else 1
            self.add_module(f"bn{position + 1}", nn.BatchNorm2d(width))
            convolution = nn.Conv2d(width, out_width, kernel, own_stride, kernel // 2, bias=False)
            self.add_module(f"conv{position + 1}", convolution)
            width = out_width
        changes = stride != 1 or in_width != width
        self.shortcut = nn.Conv2d(in_width, width, 1, stride, bias=False) if changes else None

    def forward(self, x: Tensor) -> Tensor:
        """Maps (N, widths[-1], H / stride, W / stride)."""
        y = functional.relu(self.get_submodule("bn1")(x))
        shortcut = x if self.shortcut is None else self.shortcut(y)
        y = self.get_submodule("conv1")(y)
        for position in range(2, self.depth + 1):
            y = functional.relu(self.get_submodule(f"bn{position}")(y))
            y = self.get_submodule(f"conv{position}")(y)
        result: Tensor = y + shortcut
        return result


class PreactivationResNet(nn.Module):
    """Three stages of pre-activation blocks, a last batch norm, global average, `linear`.

    With bottlenecks: ResNet-164 (He et al. 2016, arXiv:1603.05027). With two 3x3 convolutions a block and `widening`:
    wide residual networks (Zagoruyko and Komodakis 2016, arXiv:1605.07146); WRN-28-10 has 4 blocks a stage, 10 times
    as wide.
    """

    def __init__(
        self, channels: int, blocks: int, class_count: int, *, widening: int = 1, has_bottlenecks: bool = False
    ) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, _STEM_WIDTH, 3, padding=1, bias=False)
        width = _STEM_WIDTH
        stages = []
        for position, stage_width in enumerate(_STAGE_WIDTHS):
            inner = stage_width * widening
            widths, kernels = (
                ((inner, inner, inner * _EXPANSION), (1, 3, 1)) if has_bottlenecks else ((inner,) * 2, (3,) * 2)
            )
            stage = nn.Sequential()
            for stride in [1 if position == 0 else 2] + [1] * (blocks - 1):
                stage.append(_Block(width, widths, kernels, stride))
                width = widths[-1]
            stages.append(stage)
        self.layer1, self.layer2, self.layer3 = stages
        self.bn = nn.BatchNorm2d(width)
        self.linear = nn.Linear(width, class_count)

    def forward(self, x: Tensor) -> Tensor:
        """Class scores (N, class_count) of images (N, C, H, W)."""
        x = self.layer3(self.layer2(self.layer1(self.conv1(x))))
        x = functional.relu(self.bn(x))
        scores: Tensor = self.linear(torch.mean(x, (2, 3)))
        return scores
