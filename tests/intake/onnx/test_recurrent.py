"""LSTM and GRU layers against ONNX Runtime: directions, layouts, biases, states at the start."""

import numpy as np
import pytest
from onnx import helper

from tests.intake.onnx.models import BATCH, assert_same, ours, random, serialize
from worker.intake.onnx import read_onnx
from worker.intake.refusals import FileRefusal

TIME, FEATURES, WIDTH = 4, 5, 3
GATES = {"LSTM": 4, "GRU": 3}


def constants_of(operator, directions, *, bias=True, states=()):
    gates = GATES[operator]
    found = {
        "w": random(directions, gates * WIDTH, FEATURES, seed=1),
        "r": random(directions, gates * WIDTH, WIDTH, seed=2),
    }
    if bias:
        found["b"] = random(directions, 2 * gates * WIDTH, seed=3)
    return found | {name: random(directions, 1, WIDTH, seed=4) for name in states}


def model(operator, constants, *, answer=0, opset=14, **attributes):
    """(N, time, features) in, one of the outputs (N, everything) out."""
    directions = constants["w"].shape[0]
    is_batch_first = attributes.get("layout", 0)
    attributes |= {"hidden_size": WIDTH} | ({"linear_before_reset": 1} if operator == "GRU" else {})
    names = [name if name in constants else "" for name in ("w", "r", "b")]
    makes = ["a0", "a1", "a2"][: 3 if operator == "LSTM" else 2]
    source = "x" if is_batch_first else "moved"
    batch_axis = 0 if is_batch_first else (2 if answer == 0 else 1)
    rank = 4 if answer == 0 else 3
    order = [batch_axis, *(axis for axis in range(rank) if axis != batch_axis)]
    nodes = [
        *([] if is_batch_first else [helper.make_node("Transpose", ["x"], ["moved"], perm=[1, 0, 2])]),
        helper.make_node(operator, [source, *names], makes, name="layer", **attributes),
        helper.make_node("Transpose", [makes[answer]], ["turned"], perm=order),
        helper.make_node("Flatten", ["turned"], ["scores"]),
    ]
    assert directions == (2 if attributes.get("direction") == "bidirectional" else 1)
    return serialize(nodes, {"x": ("N", TIME, FEATURES)}, ["scores"], constants, opset=opset)


@pytest.mark.parametrize("operator", GATES)
@pytest.mark.parametrize(
    ("direction", "opset"), [("forward", 13), ("forward", 14), ("forward", 22), ("reverse", 14), ("bidirectional", 14)]
)
def test_a_recurrent_layer_computes_what_onnx_runtime_computes(operator, direction, opset):
    constants = constants_of(operator, 2 if direction == "bidirectional" else 1)
    for answer in range(3 if operator == "LSTM" else 2):
        data = model(operator, constants, answer=answer, opset=opset, direction=direction)
        assert_same(data, random(BATCH, TIME, FEATURES))


@pytest.mark.parametrize("operator", GATES)
def test_biases_may_be_left_out_and_activations_may_be_stated(operator):
    stated = ["Sigmoid", "Tanh", "Tanh"][: 3 if operator == "LSTM" else 2]
    assert_same(model(operator, constants_of(operator, 1, bias=False), activations=stated), random(2, TIME, FEATURES))


@pytest.mark.parametrize("operator", GATES)
def test_the_batch_may_come_first(operator):
    """ONNX Runtime does not know this layout: the other one is what it must agree with."""
    arrays = [random(BATCH, TIME, FEATURES)]
    constants = constants_of(operator, 2)
    first = ours(model(operator, constants, direction="bidirectional", layout=1), arrays)
    expected = ours(model(operator, constants, direction="bidirectional"), arrays)
    np.testing.assert_allclose(first, expected, rtol=1e-6, atol=1e-6)


def test_states_at_the_start_may_be_stated():
    """For a batch of zeros that the graph makes, and for states that are an input."""
    constants = constants_of("LSTM", 1)
    nodes = [
        helper.make_node("Transpose", ["x"], ["moved"], perm=[1, 0, 2]),
        helper.make_node("Transpose", ["h"], ["turned"], perm=[1, 0, 2]),
        helper.make_node("Shape", ["turned"], ["sizes"]),
        helper.make_node("ConstantOfShape", ["sizes"], ["zeros"]),
        helper.make_node("LSTM", ["moved", "w", "r", "b", "", "turned", "zeros"], ["", "", "c"], hidden_size=WIDTH),
        helper.make_node("Transpose", ["c"], ["back"], perm=[1, 0, 2]),
        helper.make_node("Flatten", ["back"], ["scores"]),
    ]
    inputs = {"x": ("N", TIME, FEATURES), "h": ("N", 1, WIDTH)}
    data = serialize(nodes, inputs, ["scores"], constants, opset=14)
    assert_same(data, random(BATCH, TIME, FEATURES), random(BATCH, 1, WIDTH, seed=6))


@pytest.mark.parametrize(
    ("attributes", "sentence"),
    [
        ({"linear_before_reset": 0}, "linear_before_reset = 0"),
        ({"activations": ["Relu", "Tanh"], "linear_before_reset": 1}, "activations of its own"),
        ({"clip": 2.0, "linear_before_reset": 1}, "clipping"),
    ],
)
def test_what_torch_has_no_layer_for_is_refused_by_name(attributes, sentence):
    node = helper.make_node("GRU", ["x", "w", "r"], ["a"], name="layer", hidden_size=WIDTH, **attributes)
    constants = constants_of("GRU", 1, bias=False)
    data = serialize([node], {"x": ("N", TIME, FEATURES)}, ["a"], constants)
    with pytest.raises(FileRefusal, match=sentence) as refusal:
        read_onnx(data)
    assert "at `layer`" in refusal.value.reason
