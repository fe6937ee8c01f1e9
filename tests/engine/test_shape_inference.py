"""Shapes that are said outright are those that torch works out."""

import pytest
import torch

from worker.engine.graph.inference import infer
from worker.engine.graph.operations import OPERATIONS, kind


def meta(*shape, dtype=torch.float32):
    return torch.empty(shape, dtype=dtype, device="meta")


PICTURE = meta(2, 6, 5, 4)
CASES = {
    "aten.relu.default": (PICTURE,),
    "aten.gelu.default": (meta(2, 3, dtype=torch.float64),),
    "aten.hardswish.default": (PICTURE.transpose(1, 3),),
    "aten.batch_norm.default": (PICTURE, meta(6), meta(6), meta(6), meta(6), False, 0.1, 1e-5, True),
    "aten.layer_norm.default": (PICTURE, [4], meta(4), meta(4)),
    "aten.group_norm.default": (PICTURE, 3, meta(6), meta(6)),
    "aten.dropout.default": (PICTURE, 0.5, False),
    "aten.clamp.default": (PICTURE, 0, 1),
    "aten.max_pool2d.default": (PICTURE, [3, 2], [2], [1], [2]),
    "aten.avg_pool2d.default": (meta(6, 5, 4), [2, 2], [], [1, 0], False, False),
    "aten.instance_norm.default": (PICTURE, meta(6), None, None, None, True, 0.1, 1e-5, False),
    "aten.add.Tensor": (PICTURE, PICTURE),
    "aten.mul.Scalar": (PICTURE, 2),
    "aten.div.Tensor": (PICTURE, 2.5),
    "aten.linear.default": (meta(2, 3, 7), meta(5, 7), meta(5)),
    "aten.conv1d.default": (meta(2, 4, 9), meta(6, 2, 3), meta(6), [2], [1], [2], 2),
    "aten.conv2d.default": (PICTURE, meta(8, 6, 3, 2), None, [2, 1], [1, 0]),
    "aten.conv3d.default": (meta(1, 2, 5, 6, 7), meta(3, 2, 1, 2, 3)),
    "aten.sub.Tensor": (PICTURE, meta(6, 1, 4)),
    "aten.maximum.default": (meta(3, 1), meta(2, 1, 5)),
    "aten.mean.default": (PICTURE,),
    "aten.mean.dim": (PICTURE, [-1, 2]),
    "aten.cat.default": ([PICTURE, meta(2, 1, 5, 4), PICTURE], -3),
    "aten.adaptive_avg_pool2d.default": (PICTURE, [1, 2]),
    "aten.scaled_dot_product_attention.default": (meta(2, 3, 5, 4), meta(2, 3, 7, 4), meta(2, 3, 7, 6)),
}
TORCH_DECIDES = {
    "aten.add.Tensor": (PICTURE, meta(5, 1, 1)),
    "aten.mul.Tensor": (PICTURE, meta(2, 6, 5, 4, dtype=torch.float64)),
    "aten.sub.Tensor": (meta(3, dtype=torch.int64), 1.5),
    "aten.linear.default": (meta(2, 8), meta(5, 8), meta(6)),
    "aten.conv2d.default": (PICTURE, meta(6, 3, 3, 3)),
    "aten.conv2d.padding": (PICTURE, meta(6, 6, 3, 3), None, [1, 1], "same"),
    "aten.conv1d.default": (meta(2, 4, 3), meta(6, 4, 4)),
    "aten.mean.dim": (PICTURE, [1, -3]),
    "aten.batch_norm.default": (PICTURE, meta(6), meta(5), meta(6), meta(6), False, 0.1, 1e-5, True),
    "aten.layer_norm.default": (PICTURE, [5, 4], meta(4), None),
    "aten.group_norm.default": (PICTURE, 4, meta(6), meta(6)),
    "aten.clamp.Tensor": (PICTURE, meta(7)),
    "aten.max_pool2d.default": (PICTURE, [2, 2], [2, 2], [0, 0], [1, 1], True),
    "aten.avg_pool2d.default": (PICTURE, [2, 2], [2, 2], [2, 2]),
    "aten.cat.default": ([PICTURE, meta(2, 6, 5, 3)], 1),
    "aten.adaptive_avg_pool2d.default": (meta(6, 5), [1, 1]),
    "aten.scaled_dot_product_attention.default": (meta(2, 5, 4), meta(1, 7, 4), meta(1, 7, 6)),
}


@pytest.mark.parametrize("target", CASES)
def test_what_is_said_is_what_torch_says(target):
    expected = OPERATIONS[target](*CASES[target])
    said = infer(kind(target), CASES[target])
    assert said is not None
    assert (said.shape, said.dtype, said.device) == (expected.shape, expected.dtype, expected.device)


@pytest.mark.parametrize("axes", [[0], [1, 3], [-2], [], None])
@pytest.mark.parametrize("keepdim", [False, True])
def test_a_mean_keeps_the_axes_that_it_is_told_to_keep(axes, keepdim):
    said = infer("mean", (PICTURE, axes, keepdim))
    assert said is not None
    assert said.shape == torch.ops.aten.mean.dim(PICTURE, axes, keepdim).shape


@pytest.mark.parametrize("window", [([1, 1, 1],), ([0, 1],), ([1],), ([1], [0], [1], 0), ([1], "valid")])
def test_windows_that_do_not_fit_are_left_to_torch(window):
    said = infer("conv2d", (PICTURE, meta(6, 6, 2, 2), None, *window))
    assert (said is not None) == (window == ([1],))


def test_arguments_by_name_are_left_to_torch():
    assert infer("mean", (PICTURE, [1]), {"keepdim": True}) is None


@pytest.mark.parametrize("target", TORCH_DECIDES)
def test_the_rest_is_left_to_torch(target):
    assert infer(kind(target), TORCH_DECIDES[target]) is None
