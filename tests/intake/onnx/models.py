"""Small ONNX models built by hand, and what ONNX Runtime and our own reader make of them."""

import numpy as np
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper

from worker.engine.network import build, dump, load
from worker.intake.onnx import read_onnx

BATCH = 3
TOLERANCE = 1e-5
ELEMENT_TYPES = {"float32": TensorProto.FLOAT, "int64": TensorProto.INT64, "bool": TensorProto.BOOL}


def random(*shape, seed=0, low=-2.0, high=2.0):
    """Float32 numbers of a fixed seed."""
    return np.random.default_rng(seed).uniform(low, high, shape).astype(np.float32)


def integers(*values):
    return np.array(values, dtype=np.int64)


def serialize(nodes, inputs, outputs, constants=None, *, opset=17, ir_version=8, **options):
    """The bytes of a model; `inputs` maps names to shapes (or to (shape, type)), `outputs` are names."""
    graph = helper.make_graph(
        nodes,
        "graph",
        [_info(name, shape) for name, shape in inputs.items()],
        [helper.make_empty_tensor_value_info(name) for name in outputs],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in (constants or {}).items()],
    )
    imports = options.pop("opset_imports", [helper.make_opsetid("", opset)])
    model = helper.make_model(graph, opset_imports=imports, ir_version=ir_version, **options)
    return model.SerializeToString()


def _info(name, shape):
    kind = "float32"
    if len(shape) == 2 and isinstance(shape[1], str) and isinstance(shape[0], tuple):
        shape, kind = shape
    return helper.make_tensor_value_info(name, ELEMENT_TYPES[kind], shape)


def flattened(node, shape, constants=None, *, opset, source="x", result="y"):
    """A model of one node whose result is flattened to (N, everything), so that it may stand for class scores."""
    cast = helper.make_node("Cast", [result], ["numbers"], to=TensorProto.FLOAT)
    tail = [cast, helper.make_node("Flatten", ["numbers"], ["scores"], axis=1)]
    return serialize([node, *tail], {source: ("N", *shape)}, ["scores"], constants, opset=opset)


def through_disk(network):
    """The network as it is stored and read again, with every check that reading makes."""
    return load(dump(network))


def ours(data, arrays):
    """What the network answers that our reader makes, the first output of it, as the module that is trained."""
    module = build(through_disk(read_onnx(data).network))
    with torch.no_grad():
        answer = module(*(torch.from_numpy(array) for array in arrays))
    return (answer if isinstance(answer, torch.Tensor) else answer[0]).numpy()


def theirs(data, arrays):
    """What ONNX Runtime answers, the first output of it."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    return session.run(None, {info.name: array for info, array in zip(session.get_inputs(), arrays, strict=True)})[0]


def assert_same(data, *arrays, tolerance=TOLERANCE):
    """Both agree on what the model answers."""
    expected, got = theirs(data, arrays), ours(data, arrays)
    assert got.shape == expected.shape
    np.testing.assert_allclose(got, expected, rtol=tolerance, atol=tolerance)
