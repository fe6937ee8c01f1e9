"""Every operator and every variation of its attributes against ONNX Runtime, in each version of its definition."""

import pytest
from onnx import helper

from tests.intake.onnx.models import BATCH, assert_same, flattened, random

PICTURE = (4, 6, 5)


def one(operator, shape, constants=None, **attributes):
    """A case: one node that reads `x` and its constants."""
    return operator, shape, constants or {}, attributes


CASES = {
    "relu": one("Relu", PICTURE),
    "conv": one("Conv", PICTURE, {"w": random(8, 4, 3, 3), "b": random(8)}, pads=[1, 1, 1, 1]),
}


@pytest.mark.parametrize("opset", [13, 22])
@pytest.mark.parametrize("name", CASES)
def test_an_operator_computes_what_onnx_runtime_computes(name, opset):
    operator, shape, constants, attributes = CASES[name]
    node = helper.make_node(operator, ["x", *constants], ["y"], **attributes)
    assert_same(flattened(node, shape, constants, opset=opset), random(BATCH, *shape, seed=1))
