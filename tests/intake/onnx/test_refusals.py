"""Files that ask for what is not supported or contradict themselves: the sentence names the place, in every case."""

import numpy as np
import pytest
from onnx import TensorProto, helper

from backend.domain.errors import FailureCode
from tests.intake.onnx.models import integers, random, serialize
from tests.intake.onnx.refusing import NODE, X, changed, linear, refusal
from worker.intake.onnx import read_onnx

CODE = FailureCode


@pytest.mark.parametrize("operator", ["Conv", "MatMul", "Gemm"])
def test_weights_that_are_whole_numbers_are_refused_by_name(operator):
    shape, weight = ((3, 5, 5), (4, 3, 3, 3)) if operator == "Conv" else ((4,), (4, 3))
    node = NODE(operator, ["x", "w"], ["y"], name="layer")
    data = serialize([node], {"x": ("N", *shape)}, ["y"], {"w": np.ones(weight, np.int64)})
    assert "`layer`" in refusal(data).reason


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"opset": 12}, "uses opset 12; 13 to 22 are read"),
        ({"opset": 23}, "uses opset 23; 13 to 22 are read"),
        ({"opset": 1}, "uses opset 1; 13 to 22 are read"),
        ({"opset": 2**40}, "uses opset 1099511627776"),
        ({"ir_version": 0}, "is of ONNX file version 0"),
        ({"ir_version": 2}, "is of ONNX file version 2"),
        ({"ir_version": 99}, "is of ONNX file version 99"),
        ({"ir_version": -1}, "is of ONNX file version -1"),
        ({"opset_imports": []}, "names 0 versions of ONNX's operators"),
        ({"opset_imports": [helper.make_opsetid("", 13), helper.make_opsetid("ai.onnx", 17)]}, "names 2 versions"),
    ],
)
def test_versions_that_are_not_read_are_named(options, sentence):
    assert sentence in refusal(linear(**options)).reason


def test_operators_of_another_domain_are_refused_by_name():
    node = NODE("FusedMatMul", ["x", "w"], ["y"], name="fused", domain="com.microsoft")
    imports = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    found = refusal(serialize([node], X, ["y"], {"w": random(4, 3)}, opset_imports=imports))
    assert "`com.microsoft.FusedMatMul` at `fused`" in found.reason


def test_functions_of_the_file_are_refused_by_name():
    function = helper.make_function("mine", "Twice", ["a"], ["b"], [NODE("Add", ["a", "a"], ["b"])], [])
    imports = [helper.make_opsetid("", 17), helper.make_opsetid("mine", 1)]
    node = NODE("Twice", ["x"], ["y"], name="twice", domain="mine")
    assert (
        "`mine.Twice` at `twice`"
        in refusal(serialize([node], X, ["y"], opset_imports=imports, functions=[function])).reason
    )


def test_a_domain_that_is_only_listed_does_no_harm():
    imports = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    assert read_onnx(linear(opset_imports=imports)).network.graph.class_count == 3


def test_all_operators_that_are_not_supported_are_named_at_once():
    nodes = [
        NODE("Det", ["x"], ["a"], name="one"),
        NODE("Hardmax", ["a"], ["b"], name="two"),
        NODE("Det", ["b"], ["c"], name="three"),
        NODE("QuantizeLinear", ["c", "s"], ["y"], name="four"),
    ]
    found = refusal(serialize(nodes, X, ["y"], {"s": np.float32(1)}))
    assert found.code is CODE.UNSUPPORTED_OPERATION
    assert "Det at `one`, `three`; Hardmax at `two`; QuantizeLinear at `four` (is quantized" in found.reason


def test_the_line_of_the_source_is_named_where_the_file_has_it():
    def change(proto):
        entry = proto.graph.node[0].metadata_props.add()
        entry.key = "pkg.torch.onnx.stack_trace"
        entry.value = (
            'File "/home/me/net.py", line 42, in forward\n    return torch.det(x)\n'
            'File "<eval_with_key>.5", line 3, in forward\n    det = torch.det(x)'
        )

    data = changed(change, serialize([NODE("Det", ["x"], ["y"], name="det")], X, ["y"]))
    assert "Det at `det (net.py:42)`" in refusal(data).reason


@pytest.mark.parametrize(
    ("operator", "shown"),
    [("Loop", "branches and loops"), ("Scan", "branches and loops"), ("SequenceConstruct", "sequences"),
     ("OptionalGetElement", "sequences"), ("StringConcat", "sequences"), ("TopK", "picks the answer")],
)  # fmt: skip
def test_refused_kinds_of_operators_say_why(operator, shown):
    nodes = [NODE(operator, ["x"], ["a"], name="it"), NODE("Relu", ["a"], ["y"])]
    assert shown in refusal(serialize(nodes, X, ["y"])).reason


def test_batch_norm_in_training_mode_is_refused_by_name():
    constants = {name: random(4, low=0.5) for name in "sbmv"}
    node = NODE("BatchNormalization", ["x", *"sbmv"], ["y", "mean", "var"], name="bn1", training_mode=1)
    found = refusal(serialize([node], {"x": ("N", 4, 3, 3)}, ["y"], constants))
    assert "training mode" in found.reason
    assert "`bn1`" in found.reason


@pytest.mark.parametrize(
    ("inputs", "sentence"),
    [
        ({"x": ("N", "length")}, "leaves axis 1 (`length`) of the input `x` open"),
        ({"x": ("N", None)}, "leaves axis 1 of the input `x` open"),
        ({"x": ("N", 0)}, "leaves axis 1 of the input `x` open"),
        ({"x": ()}, "has the input `x` without a shape or without a batch axis"),
        ({"x": ("N", 2**20, 2**20)}, "declares 1099511627776 numbers in the input `x`"),
        ({"x": (10**6, 4)}, "fixes the batch of the input `x` at 1000000"),
    ],
)
def test_inputs_that_cannot_be_read_are_named(inputs, sentence):
    assert sentence in refusal(serialize([NODE("Relu", ["x"], ["y"])], inputs, ["y"])).reason


@pytest.mark.parametrize(
    ("element_type", "sentence"),
    [
        (TensorProto.STRING, "of type string"),
        (TensorProto.COMPLEX64, "of type complex64"),
        (TensorProto.UINT64, "of type uint64"),
    ],
)
def test_types_of_inputs_that_are_not_read_are_named(element_type, sentence):
    def change(proto):
        proto.graph.input[0].type.tensor_type.elem_type = element_type

    assert f"has the input `x` {sentence}" in refusal(changed(change)).reason


def test_an_input_that_is_a_sequence_is_refused_by_name():
    def change(proto):
        proto.graph.input[0].type.sequence_type.elem_type.tensor_type.elem_type = 1

    assert "has the input `x` of sequence type" in refusal(changed(change)).reason


@pytest.mark.parametrize(
    ("nodes", "outputs", "sentence"),
    [
        ([NODE("Transpose", ["x"], ["y"], perm=[1, 0])], ["y"], "the output `y` of shape (4, N)"),
        ([NODE("ReduceSum", ["x"], ["y"], keepdims=0)], ["y"], "the output `y` of shape ()"),
        ([NODE("Unsqueeze", ["x", "one"], ["y"])], ["y"], "no output of class scores (N, classes)"),
        ([NODE("Relu", ["x"], ["y"]), NODE("Identity", ["one"], ["z"])], ["y", "z"], "`z`, which does not depend"),
        ([NODE("Relu", ["x"], ["y"])], ["z"], "the output `z`, which is made by no node"),
    ],
)  # fmt: skip
def test_outputs_that_cannot_be_used_are_named(nodes, outputs, sentence):
    assert sentence in refusal(serialize(nodes, X, outputs, {"one": integers(1)})).reason


@pytest.mark.parametrize(
    ("nodes", "sentence"),
    [
        ([NODE("Relu", ["nowhere"], ["y"], name="bend")], "reads `nowhere` at `bend`, which nothing before it makes"),
        ([NODE("Relu", ["z"], ["y"]), NODE("Relu", ["x"], ["z"])], "reads `z` at `y`"),
        ([NODE("Relu", ["x"], ["y"]), NODE("Tanh", ["x"], ["y"], name="again")], "makes `y` twice"),
        ([NODE("Relu", ["x"], ["y"]), NODE("Tanh", ["x"], ["d"]), NODE("Relu", ["x"], ["d"])], "makes `d` twice; `d`"),
        ([NODE("Add", ["y", "dead"], ["z"], name="loose"), NODE("Relu", ["x"], ["y"])], "reads `y` at `loose`"),
        ([NODE("Relu", ["x"], ["y"]), NODE("Add", ["y", "dead"], ["z"], name="loose")], "reads `dead` at `loose`"),
        (
            [NODE("Relu", ["x"], ["x"], name="over"), NODE("Relu", ["x"], ["y"])],
            "makes `x` twice; `over` is the second",
        ),
        ([NODE("Relu", [], ["y"], name="bend")], "holds `bend` (Relu) without its input 1"),
        ([NODE("MatMul", ["x", "w"], ["y"], name="layer")], "the shapes or values at `layer` (MatMul) do not fit"),
        ([NODE("Softmax", ["x"], ["y"], name="s", axis=7)], "names axis 7 of 2 at `s`"),
        ([NODE("LeakyRelu", ["x"], ["y"], name="s", alpha="wide")], "`s` with an attribute `alpha` of the wrong type"),
        ([NODE("Reshape", ["x", "far"], ["y"], name="r")], "at `r` (Reshape) do not fit together"),
        ([NODE("Tile", ["w", "far"], ["t"], name="t"), NODE("Add", ["x", "t"], ["y"])], "do not fit together"),
        ([NODE("ConstantOfShape", ["far"], ["c"], name="c"), NODE("Add", ["x", "c"], ["y"])], "a constant of"),
        ([NODE("Range", ["zero", "end", "step"], ["c"], name="c"), NODE("Add", ["x", "c"], ["y"])], "too many numbers"),
        ([NODE("NonZero", ["x"], ["y"], name="n")], "applies NonZero to values that depend on the input, at `n`"),
        ([NODE("Gather", ["w", "x"], ["y"], name="g", axis=1)], "Gather with places that depend on the input"),
        ([NODE("Transpose", ["x"], ["y"], name="t", perm=[0, 0])], "values at `t` (Transpose) do not fit together"),
        ([NODE("Conv", ["x", "w"], ["y"], name="c")], "Conv with an input of 2 axes at `c`"),
        ([NODE("BatchNormalization", ["x", *"wwww"], ["y"], name="n")], "at `n` (BatchNormalization) do not fit"),
        ([NODE("LSTM", ["x", "w", "w"], ["y"], name="l")], "at `l`"),
        ([NODE("Resize", ["x", "", "zero"], ["y"], name="r")], "at `r`"),
        ([NODE("Split", ["x", "far"], ["y"], name="p", axis=1)], "splits 4 elements into"),
        ([NODE("Elu", ["x"], ["y"], name="e", alpha=float("nan"))], "states nan as the attribute `alpha` of `e`"),
        ([NODE("Clip", ["x", "x"], ["y"], name="c")], "Clip with bounds that the input decides at `c`"),
    ],
)
def test_graphs_that_contradict_themselves_are_refused_by_node(nodes, sentence):
    constants = {"w": random(5, 3), "far": integers(2**40, 2**20)}
    constants |= {"zero": np.int64(0), "end": np.int64(2**40), "step": np.int64(1)}
    assert sentence in refusal(serialize(nodes, X, ["y"], constants)).reason


def test_a_constant_that_differs_between_the_examples_of_a_batch_is_refused():
    nodes = [
        NODE("Shape", ["x"], ["shape"]),
        NODE("Gather", ["shape", "zero"], ["batch"]),
        NODE("Range", ["zero", "batch", "one"], ["places"]),
        NODE("Cast", ["places"], ["numbers"], to=TensorProto.FLOAT),
        NODE("Unsqueeze", ["numbers", "last"], ["column"]),
        NODE("Add", ["x", "column"], ["y"], name="positions"),
    ]
    constants = {"zero": np.int64(0), "one": np.int64(1), "last": integers(-1)}
    found = refusal(serialize(nodes, X, ["y"], constants))
    assert "needs a constant that depends on the batch size, at `positions` (Add)" in found.reason
