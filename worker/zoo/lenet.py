"""The two LeNets of the pruning literature."""

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from worker.zoo.sizes import pooled, valid

LENET300_WIDTHS = (300, 100)
LENET5_WIDTHS = (20, 50, 500)
_KERNEL = 5
_POOL = 2


class MultilayerPerceptron(nn.Module):
    """Fully connected layers `fc1`, `fc2`, ... with ReLU between them, on flattened inputs."""

    def __init__(self, features: int, widths: Sequence[int], class_count: int) -> None:
        super().__init__()
        sizes = [features, *widths, class_count]
        self.depth = len(sizes) - 1
        for position, (in_width, out_width) in enumerate(itertools.pairwise(sizes), start=1):
            self.add_module(f"fc{position}", nn.Linear(in_width, out_width))

    def forward(self, x: Tensor) -> Tensor:
        """Class scores (N, class_count) of inputs (N, ...)."""
        x = torch.flatten(x, 1)
        for position in range(1, self.depth):
            x = functional.relu(self.get_submodule(f"fc{position}")(x))
        scores: Tensor = self.get_submodule(f"fc{self.depth}")(x)
        return scores


class LeNet5(nn.Module):
    """LeNet-5-Caffe: two 5x5 convolutions with max pooling, two fully connected layers (20-50-500).

    With ReLU after each convolution as in Louizos et al. 2018 (arXiv:1712.01312) and most PyTorch code; Caffe's own
    prototxt has one ReLU only, after `fc1`. Inputs too small for two unpadded 5x5 convolutions (below 16 pixels, such
    as 8x8 digits) are convolved with padding 2.
    """

    def __init__(self, input_shape: tuple[int, int, int], class_count: int, widths: Sequence[int]) -> None:
        super().__init__()
        channels, height, width = input_shape
        first, second, hidden = widths
        padding = lenet5_padding(height, width)
        self.conv1 = nn.Conv2d(channels, first, _KERNEL, padding=padding)
        self.conv2 = nn.Conv2d(first, second, _KERNEL, padding=padding)
        self.fc1 = nn.Linear(second * lenet5_size(height, padding) * lenet5_size(width, padding), hidden)
        self.fc2 = nn.Linear(hidden, class_count)

    def forward(self, x: Tensor) -> Tensor:
        """Class scores (N, class_count) of images (N, C, H, W)."""
        x = functional.max_pool2d(functional.relu(self.conv1(x)), _POOL)
        x = functional.max_pool2d(functional.relu(self.conv2(x)), _POOL)
        x = functional.relu(self.fc1(torch.flatten(x, 1)))
        scores: Tensor = self.fc2(x)
        return scores


def lenet5_padding(height: int, width: int) -> int:
    """Padding of both convolutions: none, or 2 where an unpadded network would run out of pixels."""
    return 0 if min(lenet5_size(height, 0), lenet5_size(width, 0)) >= 1 else _KERNEL // 2


def lenet5_size(size: int, padding: int) -> int:
    """Height (or width) of the second pooling's output for an input of that height; below 1 when there is none."""
    return pooled(valid(pooled(valid(size, _KERNEL, padding), _POOL), _KERNEL, padding), _POOL)
