"""The zoo builds what the literature describes."""

import pytest
import torch

from backend.domain.errors import InvalidValue
from worker.zoo import ARCHITECTURES, build_architecture

SHAPES = {
    "lenet300": [(1, 28, 28), (1, 8, 8), (12,)],
    "lenet5": [(1, 28, 28), (1, 8, 8), (3, 32, 32)],
    "vgg16_bn": [(3, 32, 32), (1, 40, 48)],
    "vgg_small_bn": [(1, 28, 28), (1, 8, 8)],
    "mlp": [(1, 8, 8), (5,)],
    **{f"resnet{depth}{option}": [(3, 32, 32), (1, 8, 8)] for depth in (20, 32, 56) for option in ("", "_a")},
}


@pytest.mark.parametrize(("name", "shape"), [(name, shape) for name in ARCHITECTURES for shape in SHAPES[name]])
def test_every_architecture_answers_class_scores(name, shape):
    module = build_architecture(name, shape, class_count=7).eval()
    assert module(torch.zeros(2, *shape)).shape == (2, 7)


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
        ("alexnet", (3, 32, 32), None, "no architecture `alexnet`"),
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
