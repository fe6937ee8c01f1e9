"""State-dict names: from the file where it has names, else from the places of nodes; ties and copies told apart."""

import numpy as np
import pytest
from onnx import helper

from tests.intake.onnx.models import BATCH, assert_same, integers, random, serialize, through_disk
from worker.engine.coupling import find_groups
from worker.engine.network import build
from worker.intake.onnx import read_onnx

NODE = helper.make_node


def names(nodes, inputs, constants, outputs=("y",), **options):
    network = through_disk(read_onnx(serialize(nodes, inputs, list(outputs), constants, **options)).network)
    build(network)
    return sorted(network.tensors)


@pytest.mark.parametrize(
    ("weight", "bias", "node", "expected"),
    [
        ("layer1.0.fc.weight", "layer1.0.fc.bias", "", "layer1.0.fc"),
        ("onnx::MatMul_12", "layer1.0.fc.bias", "", "layer1.0.fc"),
        ("onnx::MatMul_12", "onnx::Add_13", "/layer1/layer1.0/fc/Gemm", "layer1.0.fc"),
        ("onnx::MatMul_12", "onnx::Add_13", "", "linear"),
        ("fc1_W", "fc1_b", "node_7", "fc1"),
        ("dense_1/kernel", "dense_1/bias", "", "dense_1"),
        ("net/fc/MatMul/ReadVariableOp:0", "net/fc/BiasAdd/ReadVariableOp:0", "net/fc/MatMul", "net.fc"),
        ("attn.in_proj_weight", "attn.in_proj_bias", "", "attn.in_proj"),
        ("train.weight", "train.bias", "", "train_"),
        ("forward.weight", "forward.bias", "", "forward_"),
        ("a b!c.weight", "a b!c.bias", "", "a_b_c"),
        ("weight", "bias", "", "weight"),
        ("..weight", "..", "", "weight"),
    ],
)  # fmt: skip
def test_a_layer_is_called_what_the_file_calls_it(weight, bias, node, expected):
    nodes = [NODE("Gemm", ["x", weight, bias], ["y"], name=node)]
    found = names(nodes, {"x": ("N", 4)}, {weight: random(4, 3), bias: random(3)})
    assert found == [f"{expected}.bias", f"{expected}.weight"]


def test_the_scopes_that_the_new_exporter_notes_are_used():
    node = NODE("MatMul", ["x", "val_3"], ["y"], name="node_MatMul_7")
    entry = node.metadata_props.add()
    entry.key, entry.value = "pkg.torch.onnx.name_scopes", "['', 'block', 'block.fc', 'linear_4']"
    assert names([node], {"x": ("N", 4)}, {"val_3": random(4, 3)}) == ["block.fc.weight"]


def test_layers_of_one_name_get_numbers_and_none_sits_inside_another():
    nodes = [
        NODE("MatMul", ["x", "onnx::A"], ["a"], name="/net/MatMul"),
        NODE("MatMul", ["a", "onnx::B"], ["b"], name="/net/MatMul_1"),
        NODE("MatMul", ["b", "net.inner.weight"], ["y"]),
    ]
    constants = {"onnx::A": random(4, 4, seed=1), "onnx::B": random(4, 4, seed=2), "net.inner.weight": random(4, 4)}
    assert names(nodes, {"x": ("N", 4)}, constants) == ["linear.weight", "net.inner.weight", "net_1.weight"]


def test_one_initializer_that_two_layers_read_stays_one_tensor():
    nodes = [NODE("MatMul", ["x", "fc.weight"], ["a"]), NODE("MatMul", ["a", "fc.weight"], ["y"])]
    assert names(nodes, {"x": ("N", 4)}, {"fc.weight": random(4, 4)}) == ["fc.weight"]


def test_a_layer_that_is_used_twice_stays_one_layer_with_its_bias():
    """The bias is all zeros, as that of many layers is, but here it belongs to the same layer."""
    nodes = [NODE("Gemm", ["x", "fc.weight", "fc.bias"], ["a"]), NODE("Gemm", ["a", "fc.weight", "fc.bias"], ["y"])]
    constants = {"fc.weight": random(4, 4), "fc.bias": np.zeros(4, np.float32)}
    assert names(nodes, {"x": ("N", 4)}, constants) == ["fc.bias", "fc.weight"]


def test_equal_vectors_that_the_exporter_merged_are_told_apart():
    """Fresh norms are all ones and zeros; as one tensor they could neither be pruned nor trained apart."""
    nodes = [
        NODE("Identity", ["n1.weight"], ["n2.weight"]),
        NODE("BatchNormalization", ["x", "n1.weight", "n1.bias", "n1.bias", "n1.weight"], ["a"]),
        NODE("Conv", ["a", "conv.weight"], ["b"]),
        NODE("BatchNormalization", ["b", "n2.weight", "n1.bias", "n1.bias", "n2.weight"], ["c"]),
        NODE("Flatten", ["c"], ["y"]),
    ]
    constants = {"n1.weight": np.ones(4, np.float32), "n1.bias": np.zeros(4, np.float32)}
    constants["conv.weight"] = random(4, 4, 1, 1)
    found = names(nodes, {"x": ("N", 4, 2, 2)}, constants)
    keys = ("bias", "running_mean", "running_var", "weight")
    assert [name for name in found if name.startswith("n1.")] == [f"n1.{key}" for key in keys]
    assert [name for name in found if name.startswith("n2.")] == [f"n2.{key}" for key in keys]


def test_learned_numbers_are_parameters_and_made_up_ones_are_not():
    nodes = [
        NODE("Mul", ["x", "block.gamma"], ["a"]),
        NODE("Add", ["a", "onnx::Add_7"], ["y"]),
    ]
    constants = {"block.gamma": random(4), "onnx::Add_7": random(4, seed=1)}
    network = read_onnx(serialize(nodes, {"x": ("N", 4)}, ["y"], constants)).network
    assert {info.name: info.kind for info in network.graph.tensors} == {
        "block.gamma": "parameter",
        "constant": "buffer",
    }


def test_a_network_as_tensorflow_writes_it():
    """Channels last with transposes around every layer, padding apart, biases apart, names with slashes, a softmax."""
    norm = [f"net/bn/{name}:0" for name in ("ReadVariableOp", "ReadVariableOp_1", "mean/Read", "variance/Read")]
    nodes = [
        NODE("Transpose", ["image"], ["t0"], perm=[0, 3, 1, 2]),
        NODE("Pad", ["t0", "amounts"], ["p0"]),
        NODE("Conv", ["p0", "net/c1/Conv2D/ReadVariableOp:0"], ["c1"], name="net/c1/Conv2D", strides=[2, 2]),
        NODE("Add", ["c1", "net/c1/BiasAdd/ReadVariableOp:0"], ["b1"], name="net/c1/BiasAdd"),
        NODE("BatchNormalization", ["b1", *norm], ["n1"], name="net/bn/FusedBatchNormV3", epsilon=1e-3),
        NODE("Relu", ["n1"], ["r1"]),
        NODE("Conv", ["r1", "net/c2/Conv2D/ReadVariableOp:0"], ["c2"], name="net/c2/Conv2D", auto_pad="SAME_UPPER"),
        NODE("Transpose", ["c2"], ["t2"], perm=[0, 2, 3, 1]),
        NODE("Reshape", ["t2", "flat"], ["f"]),
        NODE("MatMul", ["f", "net/fc/MatMul/ReadVariableOp:0"], ["product"], name="net/fc/MatMul"),
        NODE("Add", ["product", "net/fc/BiasAdd/ReadVariableOp:0"], ["a"], name="net/fc/BiasAdd"),
        NODE("Softmax", ["a"], ["y"]),
    ]
    constants = {
        "amounts": integers(0, 0, 0, 0, 0, 0, 1, 1),
        "net/c1/Conv2D/ReadVariableOp:0": random(6, 3, 3, 3, seed=1),
        "net/c1/BiasAdd/ReadVariableOp:0": random(1, 6, 1, 1, seed=2),
        **{name: random(6, seed=seed, low=0.5) for seed, name in enumerate(norm)},
        "net/c2/Conv2D/ReadVariableOp:0": random(5, 6, 3, 3, seed=4),
        "flat": integers(-1, 5 * 4 * 4),
        "net/fc/MatMul/ReadVariableOp:0": random(80, 3, seed=5),
        "net/fc/BiasAdd/ReadVariableOp:0": random(3, seed=6),
    }
    data = serialize(nodes, {"image": ("N", 8, 8, 3)}, ["y"], constants)
    assert_same(data, random(BATCH, 8, 8, 3))
    network = read_onnx(data).network
    layers = {name.rpartition(".")[0] for name in network.tensors}
    assert layers == {"net.c1", "net.bn", "net.c2", "net.fc"}
    assert {group.name: group.width for group in find_groups(network)} == {"net.c1": 6, "net.c2": 5}
