"""Counts from the delivered files alone agree with what is reported: parameters, and MACs from the ONNX graph."""

import io
from math import prod

import onnx
import pytest
from onnx import shape_inference
from safetensors.torch import load as load_tensors

from tests.engine.masking import random_masks
from worker.delivery.onnx_model import write_onnx
from worker.delivery.tracing import trace_program
from worker.engine.counting import count_macs, count_parameters
from worker.engine.network import Network, dump
from worker.engine.surgery import remove
from worker.zoo.fresh import initialize

NETWORKS = {
    "lenet300": (1, 28, 28),
    "lenet5": (1, 28, 28),
    "conv2": (3, 32, 32),
    "conv4": (3, 32, 32),
    "conv6": (3, 32, 32),
    "alexnet": (3, 64, 64),
    "vgg_small_bn": (1, 28, 28),
    "vgg16": (3, 32, 32),
    "resnet20": (3, 32, 32),
    "mobilenet_v1": (3, 32, 32),
}
_BUFFERS = ("running_mean", "running_var")


def thinned(name: str) -> Network:
    network = initialize(name, NETWORKS[name], 10, 0)
    return remove(network, random_masks(network, 0.4))


def parameters_on_disk(weights: bytes) -> int:
    """Numbers in a safetensors file, statistics of batch norms left out."""
    tensors = load_tensors(weights)
    return sum(tensor.numel() for name, tensor in tensors.items() if not name.endswith(_BUFFERS))


def macs_of_graph(model: bytes) -> int:
    """Multiply-accumulate operations of an ONNX graph for one example, from its shapes and nothing else."""
    graph = shape_inference.infer_shapes(onnx.load(io.BytesIO(model)), strict_mode=True, data_prop=True).graph
    weights = {item.name: tuple(item.dims) for item in graph.initializer}
    shapes = {
        value.name: tuple(1 if dim.dim_param == "batch" else dim.dim_value for dim in value.type.tensor_type.shape.dim)
        for value in (*graph.value_info, *graph.output)
    }
    total = 0
    for node in graph.node:
        options = {item.name: onnx.helper.get_attribute_value(item) for item in node.attribute}
        if node.op_type == "Conv":
            total += prod(shapes[node.output[0]]) * prod(weights[node.input[1]][1:])
        elif node.op_type == "Gemm":
            rows, columns = weights[node.input[1]]
            total += prod(shapes[node.output[0]]) * (columns if options.get("transB") else rows)
        elif node.op_type == "MatMul":
            total += prod(shapes[node.output[0]]) * weights[node.input[1]][-2]
    return total


@pytest.mark.parametrize("name", NETWORKS)
def test_the_files_of_a_thinned_network_hold_what_is_reported(name: str) -> None:
    network = thinned(name)
    assert parameters_on_disk(dump(network).weights) == count_parameters(network)
    assert macs_of_graph(write_onnx(network, trace_program(network), {})) == count_macs(network)
