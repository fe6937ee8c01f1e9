"""Several nodes together: shapes computed in the graph, constants, embeddings, several inputs and outputs."""

import numpy as np
import pytest
import torch
from onnx import TensorProto, helper

from tests.intake.onnx.models import BATCH, assert_same, integers, ours, random, serialize, theirs, through_disk
from worker.engine.network import build
from worker.engine.network.inputs import network_inputs
from worker.intake.onnx import read_onnx

NODE = helper.make_node


def test_shape_arithmetic_is_folded_and_the_batch_stays_open():
    nodes = [
        NODE("Shape", ["x"], ["shape"]),
        NODE("Gather", ["shape", "zero"], ["batch"], axis=0),
        NODE("Gather", ["shape", "one"], ["width"], axis=0),
        NODE("Div", ["width", "two"], ["half"]),
        NODE("Mul", ["batch", "two"], ["twice"]),
        NODE("Unsqueeze", ["twice", "axis"], ["first"]),
        NODE("Unsqueeze", ["half", "axis"], ["second"]),
        NODE("Concat", ["first", "second"], ["start"], axis=0),
        NODE("Slice", ["shape", "from", "to"], ["rest"]),
        NODE("Concat", ["start", "rest"], ["sizes"], axis=0),
        NODE("Reshape", ["x", "sizes"], ["split"]),
        NODE("Relu", ["split"], ["bent"]),
        NODE("Reshape", ["bent", "shape"], ["back"]),
        NODE("Flatten", ["back"], ["scores"]),
    ]
    constants = {"zero": np.int64(0), "one": np.int64(1), "two": np.int64(2), "axis": integers(0)}
    constants |= {"from": integers(2), "to": integers(4)}
    data = serialize(nodes, {"x": ("N", 4, 3, 2)}, ["scores"], constants)
    assert_same(data, random(BATCH, 4, 3, 2))
    network = read_onnx(data).network
    assert {node.target for node in network.graph.nodes} <= {
        "aten.reshape.default",
        "aten.relu.default",
        "aten.flatten.using_ints",
    }
    assert not network.tensors


def test_ranges_comparisons_and_choices_on_constants_are_folded():
    """A causal mask as exporters write it: ranges compared, chosen, and repeated for the batch."""
    nodes = [
        NODE("Range", ["zero", "four", "one"], ["places"]),
        NODE("Unsqueeze", ["places", "last"], ["rows"]),
        NODE("LessOrEqual", ["places", "rows"], ["seen"]),
        NODE("Not", ["seen"], ["hidden"]),
        NODE("Where", ["hidden", "low", "nothing"], ["mask"]),
        NODE("Trilu", ["mask"], ["upper"], upper=1),
        NODE("Shape", ["x"], ["shape"]),
        NODE("Gather", ["shape", "zero"], ["batch"]),
        NODE("Reshape", ["batch", "last_axis"], ["batch_axis"]),
        NODE("Concat", ["batch_axis", "sizes"], ["wide"], axis=0),
        NODE("Expand", ["upper", "wide"], ["masks"]),
        NODE("Add", ["x", "masks"], ["masked"]),
        NODE("Softmax", ["masked"], ["shares"]),
        NODE("Flatten", ["shares"], ["scores"]),
    ]
    constants = {"zero": np.int64(0), "one": np.int64(1), "four": np.int64(4), "last": integers(-1)}
    constants |= {"low": np.float32(-1e9), "nothing": np.float32(0), "last_axis": integers(1), "sizes": integers(4, 4)}
    assert_same(serialize(nodes, {"x": ("N", 4, 4)}, ["scores"], constants), random(BATCH, 4, 4))


FOLDED = {
    "And": (["yes", "no"], {}, 13),
    "Or": (["yes", "no"], {}, 13),
    "Xor": (["yes", "no"], {}, 13),
    "IsNaN": (["table"], {}, 13),
    "Mod": (["table", "divisors"], {"fmod": 1}, 13),
    "CumSum": (["table", "axis"], {"reverse": 1, "exclusive": 1}, 14),
    "NonZero": (["table"], {}, 13),
    "Size": (["table"], {}, 13),
    "GatherElements": (["table", "places"], {"axis": 1}, 13),
    "GatherND": (["table", "pairs"], {}, 13),
    "ScatterND": (["table", "pairs", "values"], {}, 18),
}


@pytest.mark.parametrize("operator", sorted(FOLDED))
def test_operators_on_constants_are_computed_while_the_file_is_read(operator):
    names, attributes, opset = FOLDED[operator]
    nodes = [
        NODE(operator, names, ["made"], **attributes),
        NODE("Cast", ["made"], ["numbers"], to=TensorProto.FLOAT),
        NODE("ReduceMean", ["numbers"], ["mean"], keepdims=0),
        NODE("ReduceMax", ["numbers"], ["largest"], keepdims=0),
        NODE("Add", ["x", "mean"], ["a"]),
        NODE("Mul", ["a", "largest"], ["scores"]),
    ]
    table = random(3, 4, seed=5)
    table[0, 1] = 0
    constants = {"table": table, "divisors": random(4, low=0.5), "yes": table > 0, "no": table > 1}
    constants |= {"axis": np.int64(1), "places": integers(0, -1, 2).reshape(3, 1), "values": random(2)}
    constants |= {"pairs": integers(0, 1, 2, 3).reshape(2, 2)}
    data = serialize(
        nodes, {"x": ("N", 4)}, ["scores"], {k: v for k, v in constants.items() if k in names}, opset=opset
    )
    assert_same(data, random(BATCH, 4))
    assert {node.target for node in read_onnx(data).network.graph.nodes} == {"aten.add.Tensor", "aten.mul.Tensor"}


def test_whole_numbers_of_the_input_are_divided_as_whole_numbers():
    """Division cuts off towards zero; the remainder has the sign of the divisor."""
    nodes = [
        NODE("Div", ["x", "three"], ["d"]),
        NODE("Mod", ["x", "three"], ["m"]),
        NODE("Mul", ["d", "ten"], ["t"]),
        NODE("Add", ["t", "m"], ["s"]),
        NODE("Cast", ["s"], ["scores"], to=TensorProto.FLOAT),
    ]
    constants = {"three": np.int64(3), "ten": np.int64(10)}
    data = serialize(nodes, {"x": (("N", 6), "int64")}, ["scores"], constants)
    assert_same(data, integers(-7, -3, -1, 0, 4, 8).reshape(1, 6))


def test_choices_between_values_of_the_input():
    """An activation as the new exporter writes some: a comparison, and one of two values."""
    nodes = [
        NODE("Greater", ["x", "zero"], ["above"]),
        NODE("Less", ["x", "one"], ["below"]),
        NODE("And", ["above", "below"], ["inside"]),
        NODE("Not", ["inside"], ["outside"]),
        NODE("Mul", ["x", "slope"], ["flat"]),
        NODE("Where", ["outside", "flat", "x"], ["scores"]),
    ]
    constants = {"zero": np.float32(0), "one": np.float32(1), "slope": np.float32(0.1)}
    assert_same(serialize(nodes, {"x": ("N", 6)}, ["scores"], constants), random(BATCH, 6))


def test_constants_however_they_are_written():
    tensor = helper.make_tensor("t", TensorProto.FLOAT, [2], [0.5, 1.5])
    nodes = [
        NODE("Constant", [], ["a"], value=tensor),
        NODE("Constant", [], ["b"], value_float=2.0),
        NODE("Constant", [], ["c"], value_floats=[1.0, 3.0]),
        NODE("Constant", [], ["d"], value_ints=[1, 2]),
        NODE("Constant", [], ["e"], value_int=1),
        NODE("Cast", ["d"], ["f"], to=TensorProto.FLOAT),
        NODE("Cast", ["e"], ["g"], to=TensorProto.FLOAT),
        NODE("Sum", ["x", "a", "b", "c", "f", "g"], ["scores"]),
    ]
    assert_same(serialize(nodes, {"x": ("N", 2)}, ["scores"]), random(BATCH, 2))


def test_words_and_a_mask_as_inputs_of_their_own():
    """Rows of a table by number, a mask made of whole numbers, three inputs of two types."""
    nodes = [
        NODE("Gather", ["words.weight", "ids"], ["rows"], axis=0),
        NODE("Unsqueeze", ["mask", "last"], ["column"]),
        NODE("Cast", ["column"], ["numbers"], to=TensorProto.FLOAT),
        NODE("Sub", ["one", "numbers"], ["hidden"]),
        NODE("Mul", ["hidden", "low"], ["penalty"]),
        NODE("Add", ["rows", "penalty"], ["shown"]),
        NODE("Add", ["shown", "extra"], ["together"]),
        NODE("ReduceMean", ["together"], ["scores"], axes=[1], keepdims=0),
    ]
    constants = {"words.weight": random(11, 6), "last": integers(-1), "one": np.float32(1), "low": np.float32(-0.5)}
    inputs = {"ids": (("N", 5), "int64"), "mask": (("N", 5), "int64"), "extra": ("N", 5, 6)}
    data = serialize(nodes, inputs, ["scores"], constants)
    generator = np.random.default_rng(0)
    arrays = [generator.integers(0, 11, (BATCH, 5)), generator.integers(0, 2, (BATCH, 5)), random(BATCH, 5, 6)]
    assert_same(data, *arrays)
    network = read_onnx(data).network
    assert [info.dtype for info in network.graph.inputs] == ["int64", "int64", "float32"]
    assert set(network.tensors) == {"words.weight"}


def test_further_outputs_are_carried_along_and_the_scores_come_first():
    nodes = [
        NODE("Conv", ["x", "w"], ["map"]),
        NODE("GlobalAveragePool", ["map"], ["pooled"]),
        NODE("Flatten", ["pooled"], ["scores"]),
    ]
    data = serialize(nodes, {"x": ("N", 3, 5, 5)}, ["map", "scores", "pooled"], {"w": random(4, 3, 3, 3)})
    reading = read_onnx(data)
    module = build(through_disk(reading.network))
    scores, *others = module(torch.from_numpy(random(BATCH, 3, 5, 5)))
    assert scores.shape == (BATCH, 4)
    assert [tuple(other.shape) for other in others] == [(BATCH, 4, 3, 3), (BATCH, 4, 1, 1)]
    assert reading.notes == ("The output `scores` is taken as the class scores.",)


@pytest.mark.parametrize("after", [[], ["Cast"], ["Cast", "Identity"]])
def test_a_last_step_that_only_picks_the_class_is_cut_with_a_note(after):
    nodes = [NODE("MatMul", ["x", "w"], ["scores"]), NODE("ArgMax", ["scores"], ["p0"], axis=1, keepdims=0)]
    for position, operator in enumerate(after):
        extra = {"to": TensorProto.INT32} if operator == "Cast" else {}
        nodes.append(NODE(operator, [f"p{position}"], [f"p{position + 1}"], **extra))
    constants = {"w": random(4, 3)}
    data = serialize(nodes, {"x": ("N", 4)}, [f"p{len(after)}"], constants)
    reading = read_onnx(data)
    assert len(reading.notes) == 1
    assert "picks the best class (ArgMax)" in reading.notes[0]
    expected = theirs(serialize(nodes[:1], {"x": ("N", 4)}, ["scores"], constants), [random(BATCH, 4)])
    np.testing.assert_allclose(ours(data, [random(BATCH, 4)]), expected, atol=1e-6)


def test_inputs_that_are_really_initializers_are_none():
    """Files of old versions list every initializer among the inputs."""
    data = serialize(
        [NODE("MatMul", ["x", "w"], ["scores"])], {"x": ("N", 4), "w": (4, 3)}, ["scores"], {"w": random(4, 3)}
    )
    assert [info.shape for info in read_onnx(data).network.graph.inputs] == [(4,)]


def test_nodes_that_no_output_needs_are_left_out():
    nodes = [NODE("MatMul", ["x", "w"], ["scores"]), NODE("NonMaxSuppression", ["scores", "scores"], ["unused"])]
    network = read_onnx(serialize(nodes, {"x": ("N", 4)}, ["scores"], {"w": random(4, 3)})).network
    assert [node.target for node in network.graph.nodes] == ["aten.linear.default"]


def test_an_input_that_no_output_needs_is_an_input_all_the_same():
    """One that only a dead node reads, and one that no node reads, in the file's order."""
    nodes = [
        NODE("Relu", ["mask"], ["nothing"]),
        NODE("MatMul", ["x", "w"], ["product"]),
        NODE("Shape", ["product"], ["shape"]),
        NODE("Reshape", ["product", "shape"], ["scores"]),
    ]
    inputs = {"mask": ("N", 2), "x": ("N", 4), "ids": (("N", 7), "int64")}
    data = serialize(nodes, inputs, ["scores"], {"w": random(4, 3)})
    reading = read_onnx(data)
    found = [(info.name, info.shape, info.type, info.is_used) for info in network_inputs(reading.network)]
    assert found == [("mask", (2,), "float32", False), ("x", (4,), "float32", True), ("ids", (7,), "int64", False)]
    assert not reading.notes
    assert_same(data, random(BATCH, 2), random(BATCH, 4), np.zeros((BATCH, 7), np.int64))


@pytest.mark.parametrize("shape", [("N", "length"), (5, 2), ()])
def test_an_input_that_no_output_needs_and_no_dataset_could_hold_is_left_out_with_a_note(shape):
    nodes = [NODE("MatMul", ["x", "w"], ["scores"])]
    reading = read_onnx(serialize(nodes, {"x": ("N", 4), "odd": shape}, ["scores"], {"w": random(4, 3)}))
    assert [info.name for info in reading.network.graph.inputs] == ["x"]
    assert [note for note in reading.notes if "`odd`" in note]


def test_an_input_may_be_an_output_too():
    nodes = [NODE("MatMul", ["x", "w"], ["scores"])]
    data = serialize(nodes, {"x": ("N", 4)}, ["scores", "x"], {"w": random(4, 3)})
    module = build(through_disk(read_onnx(data).network))
    source = torch.rand(2, 4)
    assert torch.equal(module(source)[1], source)


@pytest.mark.parametrize("element_type", [TensorProto.FLOAT16, TensorProto.BFLOAT16, TensorProto.DOUBLE])
def test_weights_of_other_precisions_are_kept_as_float32(element_type):
    """Every way to store them: as raw bytes, or as numbers."""
    values = random(4, 3)
    for is_raw in (True, False):
        dtype = helper.tensor_dtype_to_np_dtype(element_type)
        content = values.astype(dtype)
        tensor = helper.make_tensor("w", element_type, [4, 3], content.tobytes() if is_raw else content, raw=is_raw)
        nodes = [NODE("Constant", [], ["c"], value=tensor), NODE("MatMul", ["x", "c"], ["scores"])]
        data = serialize(nodes, {"x": ("N", 4)}, ["scores"])
        (weight,) = read_onnx(data).network.tensors.values()
        assert weight.dtype == torch.float32
        assert torch.equal(weight, torch.from_numpy(content.astype(np.float32).T))
