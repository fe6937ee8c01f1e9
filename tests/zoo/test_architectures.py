"""The zoo builds what the literature describes."""

import pytest
import torch

from backend.domain.errors import InvalidValue
from worker.zoo import ARCHITECTURES, build_architecture

FLAT = {"lenet300": [(1, 28, 28), (12,)], "mlp": [(1, 8, 8), (5,)]}
PARAMETERS = {  # for ten classes of 3x32x32 images, or a thousand of ImageNet; as the papers and torchvision state them
    "conv2": 4_301_642,
    "conv4": 2_425_930,
    "resnet20": 272_474,
    "resnet20_a": 269_722,
    "resnet110_a": 1_727_962,
    "resnet164": 1_703_258,
    "wrn28_10": 36_479_194,
    "densenet40": 1_019_722,
    "alexnet": 61_100_840,
    "vgg11_imagenet": 132_863_336,
    "vgg16_imagenet": 138_357_544,
    "vgg19_bn_imagenet": 143_678_248,
    "resnet18": 11_689_512,
    "resnet34": 21_797_672,
    "resnet50": 25_557_032,
    "densenet121": 7_978_856,
    "squeezenet1_0": 1_248_424,
    "squeezenet1_1": 1_235_496,
    "mobilenet_v1": 4_231_976,
    "mobilenet_v2": 3_504_872,
    "shufflenet_v2_x0_5": 1_366_792,
    "shufflenet_v2_x1_0": 2_278_604,
}


def shapes(architecture):
    if not architecture.minimum_size:
        return FLAT[architecture.name]
    size = max(architecture.minimum_size, 8)
    return [(3, size + 8, size + 4)]


def usual(architecture):
    size = architecture.usual_size or 32
    return (3, size, size)


@pytest.mark.parametrize("architecture", ARCHITECTURES.values(), ids=lambda item: item.name)
def test_every_architecture_answers_class_scores(architecture):
    for shape in shapes(architecture):
        with torch.device("meta"):
            module = build_architecture(architecture.name, shape, class_count=7).eval()
            assert module(torch.zeros(2, *shape)).shape == (2, 7)


@pytest.mark.parametrize("architecture", ARCHITECTURES.values(), ids=lambda item: item.name)
def test_the_catalogue_counts_the_tensors_right(architecture):
    with torch.device("meta"):
        state = build_architecture(architecture.name, usual(architecture), 10).state_dict()
    count = sum(not name.endswith("num_batches_tracked") for name in state)
    assert architecture.tensor_count == (0 if architecture.name == "mlp" else count)


@pytest.mark.parametrize(("name", "parameters"), PARAMETERS.items())
def test_an_architecture_has_as_many_parameters_as_the_literature_says(name, parameters):
    architecture = ARCHITECTURES[name]
    with torch.device("meta"):
        module = build_architecture(name, usual(architecture), 1000 if architecture.usual_size else 10)
    assert sum(parameter.numel() for parameter in module.parameters()) == parameters


@pytest.mark.parametrize(
    ("name", "convolutions"), [("resnet20", 19), ("resnet32", 31), ("resnet56", 55), ("vgg16_bn", 13)]
)
def test_depth_is_what_the_name_says(name, convolutions):
    module = build_architecture(name, (3, 32, 32), 10)
    spatial = [layer for layer in module.modules() if getattr(layer, "kernel_size", 0) == (3, 3)]
    assert len(spatial) == convolutions


def test_lenet5_pads_only_where_pixels_run_out():
    assert build_architecture("lenet5", (1, 28, 28), 10).conv1.padding == (0, 0)
    assert build_architecture("lenet5", (1, 16, 16), 10).conv1.padding == (0, 0)
    assert build_architecture("lenet5", (1, 8, 8), 10).conv1.padding == (2, 2)


def test_a_perceptron_may_have_any_widths():
    module = build_architecture("mlp", (1, 2, 3), 4, widths=(9, 8, 7))
    assert [tuple(layer.weight.shape) for layer in module.children()] == [(9, 6), (8, 9), (7, 8), (4, 7)]


@pytest.mark.parametrize(
    ("name", "shape", "widths", "message"),
    [
        ("lenet6", (3, 32, 32), None, "no architecture `lenet6`"),
        ("vgg16_bn", (3, 28, 28), None, "at least 32x32"),
        ("lenet5", (1, 6, 6), None, "at least 8x8"),
        ("resnet20", (64,), None, "takes images"),
        ("mlp", (4,), (3, 0), "positive widths"),
        ("lenet5", (1, 28, 28), (3,), "3 positive widths"),
        ("resnet20", (3, 32, 32), (3,), "0 positive widths"),
    ],
)
def test_what_cannot_be_built_is_refused_with_a_sentence(name, shape, widths, message):
    with pytest.raises(InvalidValue, match=message):
        build_architecture(name, shape, 10, widths)
