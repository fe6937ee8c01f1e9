"""What exporters write out as arithmetic becomes one operation again, and computes the same."""

import math

import numpy as np
import pytest
from onnx import helper

from tests.intake.onnx.models import BATCH, assert_same, integers, random, serialize
from worker.intake.onnx import read_onnx

NODE = helper.make_node
WIDTH = 6
LAST = {"axes": [-1]}
CONSTANTS = {
    "half": np.float32(0.5),
    "one": np.float32(1),
    "two": np.float32(2),
    "three": np.float32(3),
    "six": np.float32(6),
    "root_two": np.float32(math.sqrt(2)),
    "root_half": np.float32(math.sqrt(0.5)),
    "tanh_scale": np.float32(math.sqrt(2 / math.pi)),
    "tanh_cube": np.float32(0.044715),
    "eps": np.float32(1e-5),
    "norm.weight": random(WIDTH, seed=1),
    "norm.bias": random(WIDTH, seed=2),
    "minus_half": np.float32(-0.5),
}


def nodes_of(text):
    """Nodes from lines such as `y = Mul a b`; the last one makes the result."""
    nodes = []
    for line in text.strip().splitlines():
        result, _, call = line.strip().partition(" = ")
        operator, *names = call.split()
        nodes.append(NODE(operator, names, [result], **(LAST if operator == "ReduceMean" else {})))
    return nodes


NORM = """
    m = ReduceMean x
    c = Sub x m
    s = {square}
    v = ReduceMean s
    e = Add v eps
    r = Sqrt e
    n = {quotient}
"""
CASES = {
    "silu": ("g = Sigmoid x\n y = Mul x g", {"silu"}),
    "silu_swapped": ("g = Sigmoid x\n y = Mul g x", {"silu"}),
    "hard_swish": ("a = Add x three\n r = Clip a zero six\n d = Div r six\n y = Mul x d", {"hardswish"}),
    "mish": ("p = Softplus x\n t = Tanh p\n y = Mul x t", {"mish"}),
    "gelu": ("d = Div x root_two\n e = Erf d\n a = Add e one\n m = Mul x a\n y = Mul m half", {"gelu"}),
    "gelu_scaled": ("d = Mul root_half x\n e = Erf d\n a = Add one e\n h = Mul x half\n y = Mul h a", {"gelu"}),
    "gelu_halved": ("d = Div x root_two\n e = Erf d\n a = Add e one\n h = Mul a half\n y = Mul x h", {"gelu"}),
    "gelu_divided": ("d = Div x root_two\n e = Erf d\n a = Add e one\n m = Mul x a\n y = Div m two", {"gelu"}),
    "gelu_tanh": (
        "p = Pow x three\n c = Mul p tanh_cube\n s = Add x c\n t = Mul s tanh_scale\n h = Tanh t\n a = Add h one\n"
        "f = Mul x half\n y = Mul f a",
        {"gelu"},
    ),
    "gelu_tanh_products": (
        "q = Mul x x\n p = Mul q x\n c = Mul tanh_cube p\n s = Add x c\n t = Mul tanh_scale s\n h = Tanh t\n"
        "a = Add one h\n m = Mul x a\n y = Mul half m",
        {"gelu"},
    ),
    "layer_norm": (
        NORM.format(square="Pow c two", quotient="Div c r") + "w = Mul n norm.weight\n y = Add w norm.bias",
        {"layer_norm"},
    ),
    "layer_norm_products": (
        NORM.format(square="Mul c c", quotient="Reciprocal r")
        + "p = Mul c n\n w = Mul norm.weight p\n y = Add norm.bias w",
        {"layer_norm"},
    ),
    "layer_norm_plain": (NORM.format(square="Pow c two", quotient="Div c r") + "y = Identity n", {"layer_norm"}),
    "layer_norm_power": (
        "m = ReduceMean x\n c = Sub x m\n s = Mul c c\n v = ReduceMean s\n e = Add v eps\n r = Pow e minus_half\n"
        "n = Mul c r\n y = Mul n norm.weight",
        {"layer_norm"},
    ),
    "rms_norm": (
        "s = Pow x two\n v = ReduceMean s\n e = Add v eps\n r = Sqrt e\n n = Div x r\n y = Mul norm.weight n",
        {"rms_norm"},
    ),
    "not_gelu": (
        "d = Div x three\n e = Erf d\n a = Add e one\n m = Mul x a\n y = Mul m half", {"div", "erf", "add", "mul"}
    ),
    "not_gelu_either": ("d = Div x root_two\n e = Erf d\n a = Add e one\n y = Mul x a", {"div", "erf", "add", "mul"}),
    "not_silu": ("g = Sigmoid x\n h = Tanh x\n y = Mul h g", {"sigmoid", "tanh", "mul"}),
    "not_layer_norm": (
        "m = ReduceMean x\n c = Sub x m\n s = Abs c\n v = ReduceMean s\n e = Add v eps\n r = Sqrt e\n y = Div c r",
        {"mean", "sub", "abs", "add", "sqrt", "div"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_written_out_arithmetic_becomes_one_operation(name):
    text, kinds = CASES[name]
    used = {word for line in text.split("\n") for word in line.split()}
    constants = {key: value for key, value in (CONSTANTS | {"zero": np.float32(0)}).items() if key in used}
    data = serialize(nodes_of(text), {"x": ("N", WIDTH)}, ["y"], constants)
    assert_same(data, random(BATCH, WIDTH))
    assert {node.target.split(".")[1] for node in read_onnx(data).network.graph.nodes} == kinds


def test_a_group_norm_that_was_an_instance_norm_over_groups_is_whole_again():
    nodes = [
        NODE("Reshape", ["x", "grouped"], ["g"]),
        NODE("InstanceNormalization", ["g", "ones", "zeros"], ["n"], epsilon=1e-3),
        NODE("Shape", ["x"], ["shape"]),
        NODE("Reshape", ["n", "shape"], ["back"]),
        NODE("Mul", ["back", "weight"], ["scaled"]),
        NODE("Add", ["scaled", "bias"], ["moved"]),
        NODE("Flatten", ["moved"], ["y"]),
    ]
    constants = {"grouped": integers(0, 2, -1), "ones": np.ones(2, np.float32), "zeros": np.zeros(2, np.float32)}
    constants |= {"weight": random(4, 1, 1, seed=1), "bias": random(4, 1, 1, seed=2)}
    data = serialize(nodes, {"x": ("N", 4, 3, 5)}, ["y"], constants)
    assert_same(data, random(BATCH, 4, 3, 5))
    network = read_onnx(data).network
    assert [node.target for node in network.graph.nodes] == ["aten.group_norm.default", "aten.flatten.using_ints"]
    assert {tuple(tensor.shape) for tensor in network.tensors.values()} == {(4,)}


@pytest.mark.parametrize(
    ("layer", "shape", "weight", "bias"),
    [
        ("MatMul", (6,), (6, 4), (4,)),
        ("MatMul", (7, 6), (6, 4), (1, 1, 4)),
        ("Conv", (3, 6, 6), (4, 3, 3, 3), (1, 4, 1, 1)),
        ("Conv", (3, 6, 6), (4, 3, 3, 3), (4, 1, 1)),
        ("Conv", (3, 9), (4, 3, 3), (4, 1)),
    ],
)
@pytest.mark.parametrize("is_swapped", [False, True])
def test_a_bias_that_is_added_joins_its_layer(layer, shape, weight, bias, is_swapped):
    added = ["b", "h"] if is_swapped else ["h", "b"]
    nodes = [NODE(layer, ["x", "w"], ["h"]), NODE("Add", added, ["a"]), NODE("Flatten", ["a"], ["y"])]
    constants = {"w": random(*weight), "b": random(*bias, seed=1)}
    data = serialize(nodes, {"x": ("N", *shape)}, ["y"], constants)
    assert_same(data, random(BATCH, *shape))
    nodes = [node for node in read_onnx(data).network.graph.nodes if "flatten" not in node.target]
    assert len(nodes) == 1


def test_a_layer_that_something_else_reads_too_keeps_its_bias_apart():
    nodes = [
        NODE("MatMul", ["x", "w"], ["h"]),
        NODE("Add", ["h", "b"], ["a"]),
        NODE("Mul", ["a", "h"], ["y"]),
    ]
    data = serialize(nodes, {"x": ("N", 6)}, ["y"], {"w": random(6, 4), "b": random(4, seed=1)})
    assert_same(data, random(BATCH, 6))
    kinds = [node.target.split(".")[1] for node in read_onnx(data).network.graph.nodes]
    assert kinds == ["linear", "add", "mul"]


def test_a_vector_along_another_axis_is_no_bias():
    """Four rows, four outputs: the numbers are one for each row."""
    nodes = [NODE("MatMul", ["x", "w"], ["h"]), NODE("Add", ["h", "b"], ["a"]), NODE("Flatten", ["a"], ["y"])]
    data = serialize(nodes, {"x": ("N", 4, 6)}, ["y"], {"w": random(6, 4), "b": random(4, 1, seed=1)})
    assert_same(data, random(BATCH, 4, 6))
    assert "aten.add.Tensor" in {node.target for node in read_onnx(data).network.graph.nodes}
