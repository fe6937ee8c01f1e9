"""How each architecture is made from an input shape, a number of classes and widths."""

from collections.abc import Callable, Sequence
from math import prod

from torch import nn

from worker.zoo.convnets import AlexNet, ConvPairs
from worker.zoo.densenet import DenseNet
from worker.zoo.imagenet_resnet import BasicBlock, Bottleneck, ImageNetResNet
from worker.zoo.lenet import LeNet5, MultilayerPerceptron
from worker.zoo.mobilenet import MobileNetV1, MobileNetV2
from worker.zoo.preactivation import PreactivationResNet
from worker.zoo.resnet import ResNet
from worker.zoo.sequences import RecurrentClassifier, SmallViT
from worker.zoo.shufflenet import SHUFFLENET_WIDTHS, ShuffleNetV2
from worker.zoo.squeezenet import SqueezeNet
from worker.zoo.vgg import ImageNetVgg, Vgg

Shape = tuple[int, ...]
Make = Callable[[Shape, int, Shape], nn.Module]
"""Builds a module from the shape of one input, the number of classes, and widths where they are free."""

_STAGES = 3
_IMAGENET_BLOCKS: dict[int, tuple[type[BasicBlock | Bottleneck], tuple[int, ...]]] = {
    18: (BasicBlock, (2, 2, 2, 2)),
    34: (BasicBlock, (3, 4, 6, 3)),
    50: (Bottleneck, (3, 4, 6, 3)),
}


def mlp(shape: Shape, class_count: int, widths: Shape) -> nn.Module:
    """A multilayer perceptron; LeNet-300-100 is one."""
    return MultilayerPerceptron(prod(shape), widths, class_count)


def lenet5(shape: Shape, class_count: int, widths: Shape) -> nn.Module:
    """LeNet-5-Caffe."""
    return LeNet5(_image(shape), class_count, widths)


def conv_pairs(pairs: int) -> Make:
    """Conv-2, Conv-4 and Conv-6."""
    return lambda shape, class_count, _: ConvPairs(_image(shape), pairs, class_count)


def vgg(stages: Sequence[Sequence[int]], *, has_norm: bool = True) -> Make:
    """VGG for small images."""
    return lambda shape, class_count, _: Vgg(shape[0], stages, class_count, has_norm=has_norm)


def imagenet_vgg(stages: Sequence[Sequence[int]], *, has_norm: bool = True) -> Make:
    """VGG for ImageNet."""
    return lambda shape, class_count, _: ImageNetVgg(shape[0], stages, class_count, has_norm=has_norm)


def resnet(depth: int, *, is_padded: bool = False) -> Make:
    """Residual networks for CIFAR: two convolutions a block, three stages, a first convolution, a classifier."""
    blocks = ((depth - 2) // (2 * _STAGES),) * _STAGES
    return lambda shape, class_count, _: ResNet(shape[0], blocks, class_count, is_padded=is_padded)


def preactivation_resnet(depth: int) -> Make:
    """Pre-activation networks of bottlenecks: three convolutions a block."""
    blocks = (depth - 2) // (3 * _STAGES)
    return lambda shape, class_count, _: PreactivationResNet(shape[0], blocks, class_count, has_bottlenecks=True)


def wide_resnet(depth: int, widening: int) -> Make:
    """Wide residual networks: two convolutions a block, and one in each stage's first shortcut."""
    blocks = (depth - 4) // (2 * _STAGES)
    return lambda shape, class_count, _: PreactivationResNet(shape[0], blocks, class_count, widening=widening)


def imagenet_resnet(depth: int) -> Make:
    """Residual networks for ImageNet."""
    block, blocks = _IMAGENET_BLOCKS[depth]
    return lambda shape, class_count, _: ImageNetResNet(shape[0], block, blocks, class_count)


def densenet40(shape: Shape, class_count: int, _widths: Shape) -> nn.Module:
    """DenseNet-40 with growth rate 12."""
    return DenseNet(shape[0], (12, 12, 12), 12, class_count, is_for_imagenet=False)


def densenet121(shape: Shape, class_count: int, _widths: Shape) -> nn.Module:
    """DenseNet-121 with growth rate 32."""
    return DenseNet(shape[0], (6, 12, 24, 16), 32, class_count, is_for_imagenet=True)


def alexnet(shape: Shape, class_count: int, _widths: Shape) -> nn.Module:
    """AlexNet."""
    return AlexNet(shape[0], class_count)


def squeezenet(version: str) -> Make:
    """SqueezeNet 1.0 or 1.1."""
    return lambda shape, class_count, _: SqueezeNet(shape[0], class_count, version=version)


def mobilenet_v1(shape: Shape, class_count: int, _widths: Shape) -> nn.Module:
    """MobileNetV1."""
    return MobileNetV1(shape[0], class_count)


def mobilenet_v2(shape: Shape, class_count: int, _widths: Shape) -> nn.Module:
    """MobileNetV2."""
    return MobileNetV2(shape[0], class_count)


def shufflenet(multiplier: str) -> Make:
    """ShuffleNetV2 of one of the paper's widths."""
    return lambda shape, class_count, _: ShuffleNetV2(shape[0], SHUFFLENET_WIDTHS[multiplier], class_count)


def recurrent(*, is_gated_unit: bool) -> Make:
    """An LSTM or a GRU over the rows of an image."""
    return lambda shape, class_count, _: RecurrentClassifier(
        shape[0] * shape[2], class_count, is_gated_unit=is_gated_unit
    )


def small_vit(shape: Shape, class_count: int, _widths: Shape) -> nn.Module:
    """A vision transformer for small images."""
    return SmallViT(_image(shape), class_count)


def _image(shape: Shape) -> tuple[int, int, int]:
    channels, height, width = shape
    return channels, height, width
