"""Architectures by name, and how each is built for an input shape and a number of classes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod

from torch import nn

from backend.domain.errors import InvalidValue
from worker.zoo.lenet import (
    LENET5_WIDTHS,
    LENET300_WIDTHS,
    LeNet5,
    MultilayerPerceptron,
)
from worker.zoo.resnet import ResNet
from worker.zoo.vgg import VGG16_STAGES, VGG_SMALL_STAGES, Vgg

_MLP_WIDTHS = (300, 100)
_IMAGE_AXES = 3


@dataclass(frozen=True)
class Architecture:
    """A network of the literature: how to build it, and which inputs it takes."""

    name: str
    title: str
    make: Callable[[tuple[int, ...], int, tuple[int, ...]], nn.Module]
    """Builds the module from input shape, class count and widths."""
    minimum_size: int
    """Smallest height and width; 0 when any input is flattened."""
    widths: tuple[int, ...] = ()
    """Default widths where they are free; empty where the literature fixes them."""

    @property
    def takes_any_size(self) -> bool:
        """Whether the same weights fit images of different sizes (the last map is averaged)."""
        return self.minimum_size > 0 and not self.widths


def _mlp(input_shape: tuple[int, ...], class_count: int, widths: tuple[int, ...]) -> nn.Module:
    return MultilayerPerceptron(prod(input_shape), widths, class_count)


def _lenet5(input_shape: tuple[int, ...], class_count: int, widths: tuple[int, ...]) -> nn.Module:
    channels, height, width = input_shape
    return LeNet5((channels, height, width), class_count, widths)


def _vgg(stages: Sequence[Sequence[int]]) -> Callable[[tuple[int, ...], int, tuple[int, ...]], nn.Module]:
    return lambda input_shape, class_count, _widths: Vgg(input_shape[0], stages, class_count)


def _resnet(depth: int, *, is_padded: bool = False) -> Callable[[tuple[int, ...], int, tuple[int, ...]], nn.Module]:
    blocks = (depth - 2) // 6  # two convolutions a block, three stages, first convolution and classifier
    return lambda input_shape, class_count, _widths: ResNet(
        input_shape[0], (blocks,) * 3, class_count, is_padded=is_padded
    )


ARCHITECTURES: Mapping[str, Architecture] = {
    architecture.name: architecture
    for architecture in (
        Architecture("lenet300", "LeNet-300-100", _mlp, 0, LENET300_WIDTHS),
        Architecture("lenet5", "LeNet-5-Caffe (20-50-500)", _lenet5, 8, LENET5_WIDTHS),
        Architecture("vgg16_bn", "VGG-16 with batch norm", _vgg(VGG16_STAGES), 2 ** len(VGG16_STAGES)),
        Architecture("vgg_small_bn", "Small VGG with batch norm", _vgg(VGG_SMALL_STAGES), 2 ** len(VGG_SMALL_STAGES)),
        Architecture("resnet20", "ResNet-20", _resnet(20), 8),
        Architecture("resnet32", "ResNet-32", _resnet(32), 8),
        Architecture("resnet56", "ResNet-56", _resnet(56), 8),
        Architecture("resnet20_a", "ResNet-20, padded shortcuts", _resnet(20, is_padded=True), 8),
        Architecture("resnet32_a", "ResNet-32, padded shortcuts", _resnet(32, is_padded=True), 8),
        Architecture("resnet56_a", "ResNet-56, padded shortcuts", _resnet(56, is_padded=True), 8),
        Architecture("mlp", "Multilayer perceptron", _mlp, 0, _MLP_WIDTHS),
    )
}
"""Architectures by name."""


def build_architecture(
    name: str, input_shape: tuple[int, ...], class_count: int, widths: Sequence[int] | None = None
) -> nn.Module:
    """A freshly initialized module for inputs of `input_shape` (without the batch axis).

    `widths` are the hidden widths where the architecture leaves them free (`mlp`; also `lenet300` and `lenet5`).
    Raises `InvalidValue` for an unknown name, an input the architecture cannot take, or widths that do not fit.
    """
    architecture = ARCHITECTURES.get(name)
    if architecture is None:
        raise InvalidValue(
            f"There is no architecture `{name}`; choose one of {', '.join(ARCHITECTURES)}.", field="architecture"
        )
    _check_input(architecture, input_shape)
    chosen = architecture.widths if widths is None else tuple(widths)
    if any(width < 1 for width in chosen) or (name != "mlp" and len(chosen) != len(architecture.widths)):
        raise InvalidValue(f"`{name}` takes {len(architecture.widths)} positive widths, not {chosen}.", field="widths")
    return architecture.make(tuple(input_shape), class_count, chosen)


def _check_input(architecture: Architecture, input_shape: tuple[int, ...]) -> None:
    smallest = architecture.minimum_size
    if not smallest:
        return
    if len(input_shape) != _IMAGE_AXES:
        raise InvalidValue(
            f"{architecture.title} takes images (channels, height, width), not inputs of shape {tuple(input_shape)}.",
            field="input_shape",
        )
    if min(input_shape[1:]) < smallest:
        height, width = input_shape[1:]
        raise InvalidValue(
            f"{architecture.title} needs images of at least {smallest}x{smallest} pixels; these are {height}x{width}.",
            field="input_shape",
            hint="Choose a network for smaller images, or enlarge the images.",
        )
