"""Architectures by name: which inputs each takes, how many tensors it has, and how it is built."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from torch import nn

from backend.domain.errors import InvalidValue
from worker.zoo import builders
from worker.zoo.builders import Make
from worker.zoo.convnets import CONV_WIDTHS
from worker.zoo.lenet import LENET5_WIDTHS, LENET300_WIDTHS
from worker.zoo.sequences import VIT_PATCH
from worker.zoo.vgg import VGG11_STAGES, VGG16_STAGES, VGG19_STAGES, VGG_SMALL_STAGES

Reading = Literal["features", "any size", "fixed size", "rows"]
"""How images are read: flattened; averaged at the end, so that all sizes fit the weights; at the one size that the
weights were made for; or row by row."""

_MLP_WIDTHS = (300, 100)
_IMAGE_AXES = 3
_IMAGENET = 224
_IMAGENET_MINIMUM = 32


@dataclass(frozen=True)
class Architecture:
    """A network of the literature: how to build it, and which inputs it takes."""

    name: str
    title: str
    make: Make
    """Builds the module from input shape, class count and widths."""
    tensor_count: int
    """Parameters and buffers without batch norm's counters; 0 where the depth is free."""
    reading: Reading
    minimum_size: int = 0
    """Smallest height and width; 0 when any input is flattened."""
    widths: tuple[int, ...] = ()
    """Default widths where they are free; empty where the literature fixes them."""
    usual_size: int = 0
    """Height and width of the images it was designed for, where that is not small."""


def _small(name: str, title: str, make: Make, tensor_count: int, minimum_size: int = 8) -> Architecture:
    """A network for small images whose last map is averaged."""
    return Architecture(name, title, make, tensor_count, "any size", minimum_size)


def _large(name: str, title: str, make: Make, tensor_count: int, minimum_size: int = _IMAGENET_MINIMUM) -> Architecture:
    """A network for ImageNet, with torchvision's names of tensors."""
    return Architecture(name, title, make, tensor_count, "any size", minimum_size, usual_size=_IMAGENET)


def _catalogue() -> tuple[Architecture, ...]:
    b = builders
    return (
        Architecture("lenet300", "LeNet-300-100", b.mlp, 6, "features", widths=LENET300_WIDTHS),
        Architecture("lenet5", "LeNet-5-Caffe (20-50-500)", b.lenet5, 8, "fixed size", 8, LENET5_WIDTHS),
        *(
            Architecture(f"conv{2 * pairs}", f"Conv-{2 * pairs}", b.conv_pairs(pairs), 4 * pairs + 6, "fixed size", 8)
            for pairs in range(1, len(CONV_WIDTHS) + 1)
        ),
        _small("vgg11", "VGG-11", b.vgg(VGG11_STAGES, has_norm=False), 18, 32),
        _small("vgg11_bn", "VGG-11 with batch norm", b.vgg(VGG11_STAGES), 50, 32),
        _small("vgg16", "VGG-16", b.vgg(VGG16_STAGES, has_norm=False), 28, 32),
        _small("vgg16_bn", "VGG-16 with batch norm", b.vgg(VGG16_STAGES), 80, 32),
        _small("vgg19", "VGG-19", b.vgg(VGG19_STAGES, has_norm=False), 34, 32),
        _small("vgg19_bn", "VGG-19 with batch norm", b.vgg(VGG19_STAGES), 98, 32),
        _small("vgg_small_bn", "Small VGG with batch norm", b.vgg(VGG_SMALL_STAGES), 38),
        _small("resnet20", "ResNet-20", b.resnet(20), 107),
        _small("resnet32", "ResNet-32", b.resnet(32), 167),
        _small("resnet56", "ResNet-56", b.resnet(56), 287),
        _small("resnet110", "ResNet-110", b.resnet(110), 557),
        _small("resnet20_a", "ResNet-20, padded shortcuts", b.resnet(20, is_padded=True), 97),
        _small("resnet32_a", "ResNet-32, padded shortcuts", b.resnet(32, is_padded=True), 157),
        _small("resnet56_a", "ResNet-56, padded shortcuts", b.resnet(56, is_padded=True), 277),
        _small("resnet110_a", "ResNet-110, padded shortcuts", b.resnet(110, is_padded=True), 547),
        _small("resnet164", "ResNet-164, pre-activation", b.preactivation_resnet(164), 820),
        _small("wrn28_10", "Wide ResNet-28-10", b.wide_resnet(28, 10), 130),
        _small("densenet40", "DenseNet-40 (growth 12)", b.densenet40, 197),
        Architecture("lstm", "LSTM over image rows", b.recurrent(is_gated_unit=False), 10, "rows", 1),
        Architecture("gru", "GRU over image rows", b.recurrent(is_gated_unit=True), 10, "rows", 1),
        Architecture("vit_small", "Small vision transformer", b.small_vit, 80, "fixed size", 2 * VIT_PATCH),
        _large("alexnet", "AlexNet", b.alexnet, 16, 63),
        _large("vgg11_imagenet", "VGG-11 for ImageNet", b.imagenet_vgg(VGG11_STAGES, has_norm=False), 22),
        _large("vgg11_bn_imagenet", "VGG-11 with batch norm for ImageNet", b.imagenet_vgg(VGG11_STAGES), 54),
        _large("vgg16_imagenet", "VGG-16 for ImageNet", b.imagenet_vgg(VGG16_STAGES, has_norm=False), 32),
        _large("vgg16_bn_imagenet", "VGG-16 with batch norm for ImageNet", b.imagenet_vgg(VGG16_STAGES), 84),
        _large("vgg19_imagenet", "VGG-19 for ImageNet", b.imagenet_vgg(VGG19_STAGES, has_norm=False), 38),
        _large("vgg19_bn_imagenet", "VGG-19 with batch norm for ImageNet", b.imagenet_vgg(VGG19_STAGES), 102),
        _large("resnet18", "ResNet-18", b.imagenet_resnet(18), 102),
        _large("resnet34", "ResNet-34", b.imagenet_resnet(34), 182),
        _large("resnet50", "ResNet-50", b.imagenet_resnet(50), 267),
        _large("densenet121", "DenseNet-121", b.densenet121, 606),
        _large("squeezenet1_0", "SqueezeNet 1.0", b.squeezenet("1_0"), 52),
        _large("squeezenet1_1", "SqueezeNet 1.1", b.squeezenet("1_1"), 52),
        _large("mobilenet_v1", "MobileNetV1", b.mobilenet_v1, 137),
        _large("mobilenet_v2", "MobileNetV2", b.mobilenet_v2, 262),
        _large("shufflenet_v2_x0_5", "ShuffleNetV2, half as wide", b.shufflenet("0.5"), 282),
        _large("shufflenet_v2_x1_0", "ShuffleNetV2", b.shufflenet("1.0"), 282),
        Architecture("mlp", "Multilayer perceptron", b.mlp, 0, "features", widths=_MLP_WIDTHS),
    )


ARCHITECTURES: Mapping[str, Architecture] = {architecture.name: architecture for architecture in _catalogue()}
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
