"""Files that are hostile or damaged: each is answered with a sentence, quickly, and nothing else is opened."""

import random
from contextlib import suppress

import numpy as np
import pytest
from onnx import ModelProto, TensorProto, helper

from backend.domain.errors import FailureCode
from tests.intake.onnx.exports import exported
from tests.intake.onnx.models import random as numbers
from tests.intake.onnx.models import serialize, through_disk
from tests.intake.onnx.refusing import NODE, X, changed, linear, refusal
from worker.intake.onnx import read_onnx
from worker.intake.onnx.model import MAX_NODES
from worker.intake.refusals import FileRefusal

CODE = FailureCode
CANARY = "a secret that stands outside"


def externally(location, **more):
    def change(proto):
        tensor = proto.graph.initializer[0]
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in {"location": location, **more}.items():
            entry = tensor.external_data.add()
            entry.key, entry.value = key, value

    return change


@pytest.mark.parametrize(
    "where",
    [
        {"location": "../canary"},
        {"location": "a/../../canary"},
        {"location": "/etc/passwd"},
        {"location": "link"},
        {"location": "weights.bin"},
        {"location": "model.onnx", "offset": "0", "length": "48"},
        {"location": "canary", "offset": str(2**62), "length": str(2**62)},
        {"location": "canary", "__class__": "os.system", "basepath": "/"},
    ],
)
def test_data_in_another_file_is_refused_and_not_opened(tmp_path, monkeypatch, where):
    """Whatever the place says: outside, absolute, a link, the model itself, beyond every size, odd attributes."""
    (tmp_path / "canary").write_text(CANARY)
    (tmp_path / "link").symlink_to(tmp_path / "canary")
    (tmp_path / "inside").mkdir()
    monkeypatch.chdir(tmp_path / "inside")
    found = refusal(changed(externally(**where)))
    assert found.code is CODE.UNSUPPORTED_OPERATION
    assert "keeps the initializer `w` in another file (external data)" in found.reason
    assert "external_data=False" in found.hint
    assert CANARY not in found.reason + found.hint


def test_external_data_in_a_constant_is_refused_too():
    tensor = helper.make_tensor("t", TensorProto.FLOAT, [1], [1.0])
    tensor.data_location = TensorProto.EXTERNAL
    nodes = [NODE("Constant", [], ["c"], name="fixed", value=tensor), NODE("Add", ["x", "c"], ["y"])]
    assert "keeps the attribute `value` of `fixed` in another file" in refusal(serialize(nodes, X, ["y"])).reason


def nested(depth):
    """`If` in `If`, as deep as asked, built from the inside out as raw bytes."""
    inner = serialize([NODE("Identity", ["x"], ["y"])], {}, ["y"])
    model = ModelProto()
    model.ParseFromString(inner)
    content = model.graph.SerializeToString()
    for _ in range(depth):
        content = _node_with_graph(content)
    return b"\x08\x08" + _field(7, content) + _field(8, b"\x10\x11")


def _node_with_graph(graph):
    attribute = _field(1, b"then_branch") + _field(6, graph) + b"\xa0\x01\x05"
    node = _field(4, b"If") + _field(3, b"branch") + _field(2, b"y") + _field(5, attribute)
    return _field(1, node) + _field(12, _field(1, b"y"))


def _field(number, content):
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(number):
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])


def test_a_branch_is_refused_by_name():
    found = refusal(nested(1))
    assert found.code is CODE.UNSUPPORTED_OPERATION
    assert "If at `branch` (chooses what to compute while it runs" in found.reason


@pytest.mark.parametrize("depth", [8, 90, 500, 2000])
def test_branches_nested_however_deep_are_refused(depth):
    assert refusal(nested(depth)).code in {CODE.UNSUPPORTED_OPERATION, CODE.REJECTED_FILE}


def test_a_million_nodes_are_refused_before_any_is_looked_at():
    node = _field(1, _field(1, b"x") + _field(2, b"y") + _field(4, b"Relu"))
    data = b"\x08\x08" + _field(7, node * 1_000_000) + _field(8, b"\x10\x11")
    assert f"holds 1000000 nodes; at most {MAX_NODES} are read" in refusal(data).reason


@pytest.mark.parametrize("share", [0.0, 0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99])
def test_a_file_cut_anywhere_is_refused(share):
    nodes = [NODE("MatMul", ["x", "w"], ["h"], name="layer"), NODE("Relu", ["h"], ["y"], name="bend")]
    data = serialize(nodes, X, ["y"], {"w": numbers(4, 64)})
    assert refusal(data[: int(share * len(data))]).code in {CODE.REJECTED_FILE, CODE.UNSUPPORTED_OPERATION}


def test_a_file_cut_at_every_byte_never_ends_in_anything_but_a_refusal():
    data = linear(opset=17)
    for length in range(len(data)):
        refusal(data[:length])


def test_bytes_changed_at_random_never_end_in_anything_but_a_refusal():
    data, generator = linear(), np.random.default_rng(0)
    for _ in range(400):
        mutant = bytearray(data)
        for place in generator.integers(0, len(data), 3):
            mutant[place] = generator.integers(0, 256)
        with suppress(FileRefusal):  # anything else fails the test
            read_onnx(bytes(mutant))


def test_nodes_that_are_wired_at_random_never_end_in_anything_but_a_refusal():
    """Inputs, operators and attributes of a real network exchanged; what is still read passes every check."""
    original, draw = exported("shuffle"), random.Random(0)
    for _ in range(60):
        proto = ModelProto()
        proto.ParseFromString(original)
        for node in draw.choices(proto.graph.node, k=2):
            other = draw.choice(proto.graph.node)
            kind = draw.randrange(4)
            if kind == 0 and node.input:
                node.input[0] = draw.choice([*other.input, *other.output])
            elif kind == 1:
                node.op_type = other.op_type
            elif kind == 2 and node.attribute:
                attribute = draw.choice(node.attribute)
                attribute.i, attribute.ints[:1] = draw.choice([(0, [0]), (-1, [-1]), (2**62, [2**62])])
            elif node.input:
                del node.input[-1]
        with suppress(FileRefusal):  # anything else fails the test
            through_disk(read_onnx(proto.SerializeToString()).network)


def set_dims(*dims):
    def change(proto):
        proto.graph.initializer[0].dims[:] = dims

    return change


def set_type(kind):
    def change(proto):
        proto.graph.initializer[0].data_type = kind

    return change


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (set_dims(4, 4), "declares the initializer `w` with 64 bytes, but stores 48 for it"),
        (set_dims(4, 2), "declares the initializer `w` with 32 bytes, but stores 48 for it"),
        (set_dims(2**40, 2**40), f"declares the initializer `w` with {4 * 2**80} bytes, but stores 48"),
        (set_dims(-4, -3), "declares the initializer `w` with a negative size"),
        (set_dims(*[1] * 9, 12), "with 10 axes"),
        (set_dims(0), "declares the initializer `w` with 0 bytes"),
        (set_type(TensorProto.DOUBLE), "declares the initializer `w` with 96 bytes"),
        (set_type(TensorProto.STRING), "holds the initializer `w` as string"),
        (set_type(TensorProto.COMPLEX64), "holds the initializer `w` as complex64"),
        (set_type(TensorProto.INT4), "holds the initializer `w` as int4"),
        (set_type(TensorProto.FLOAT8E4M3FN), "holds the initializer `w` as float8e4m3fn"),
        (set_type(0), "holds the initializer `w` as undefined"),
        (set_type(999), "holds the initializer `w` as type 999"),
    ],
)
def test_a_weight_that_lies_about_itself_is_refused_by_name(change, sentence):
    assert sentence in refusal(changed(change)).reason


def test_numbers_that_are_fewer_than_declared_are_refused():
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[4, 3], float_data=[1.0] * 11)

    def change(proto):
        proto.graph.initializer[0].CopyFrom(tensor)

    assert "declares the initializer `w` with 12 numbers, but stores 11" in refusal(changed(change)).reason


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite_name_their_tensor(value):
    weight = numbers(4, 3)
    weight[1, 2] = value
    data = serialize([NODE("MatMul", ["x", "fc.weight"], ["y"])], X, ["y"], {"fc.weight": weight})
    found = refusal(data)
    assert found.code is CODE.NON_FINITE_WEIGHTS
    assert "1 of 12 weights of `fc.weight`" in found.reason
