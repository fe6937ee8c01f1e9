"""A network as an ONNX model in one file, for ONNX Runtime and other engines."""

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from onnx import ModelProto, TensorShapeProto, ValueInfoProto
from pydantic import JsonValue
from torch.export import ExportedProgram

from backend.domain.errors import FailureCode, JobFailure
from worker.delivery.tracing import BATCH, export_failed, quiet
from worker.engine.network import Network

OPSET = 20
"""Operator set of every file; ONNX Runtime reads it since 1.17."""
INPUT, OUTPUT = "input", "scores"
"""Names of a single input, and of the class scores."""
METADATA_KEY = "secateur"
_LARGEST = 2**31 - 2**20
"""Bytes; protobuf allows 2 GiB, and the graph wants a little of it."""
_NOISY = ("torch.onnx", "onnxscript", "onnx_ir")
"""Loggers that tell of every pass over every node, and warn of operators that no network here needs."""


def write_onnx(network: Network, program: ExportedProgram, facts: Mapping[str, JsonValue]) -> bytes:
    """The bytes of an ONNX model with a dynamic batch; equal networks give equal bytes.

    `facts` (origin, scaling) travel as JSON in the model's metadata. Raises `JobFailure` (EXPORT_FAILED) for an
    operation that has no ONNX form, and for a network of more than 2 GiB.
    """
    size = sum(tensor.nbytes for tensor in network.tensors.values())
    if size > _LARGEST:
        raise JobFailure(
            FailureCode.EXPORT_FAILED,
            f"The network's weights are {size:,} bytes; an ONNX model in one file holds at most 2 GiB.",
            "Use the .pt2 file, or model.safetensors with model.py.",
        )
    try:
        with quiet(), _hushed():
            made = torch.onnx.export(
                program,
                dynamo=True,
                verbose=False,
                opset_version=OPSET,
                input_names=_input_names(network),
                output_names=_output_names(network),
            )
        if made is None:
            raise TypeError("torch made no model")
        model: ModelProto = made.model_proto
        _tidy(model, facts)
        return bytes(model.SerializeToString(deterministic=True))
    except Exception as error:  # the exporter raises errors of many families for what it cannot translate
        raise export_failed("an ONNX model", error) from error


def _input_names(network: Network) -> list[str]:
    inputs = network.graph.inputs
    return [INPUT] if len(inputs) == 1 else [info.name for info in inputs]


def _output_names(network: Network) -> list[str]:
    return [OUTPUT, *(f"output_{number}" for number in range(1, len(network.graph.outputs)))]


def _tidy(model: ModelProto, facts: Mapping[str, JsonValue]) -> None:
    """Drop the exporter's notes (they name this machine's folders), call the batch by its name, add the facts."""
    graph = model.graph
    values = [*graph.input, *graph.output, *graph.value_info]
    for item in (*graph.node, *values, *graph.initializer, graph):
        del item.metadata_props[:]
    for node in graph.node:
        node.doc_string = ""
    symbols = {dim.dim_param for value in graph.input for dim in _dims(value) if dim.dim_param}
    for value in values:
        for dim in _dims(value):
            if dim.dim_param in symbols:
                dim.dim_param = BATCH
    model.metadata_props.add(key=METADATA_KEY, value=json.dumps(facts, sort_keys=True))


def _dims(value: ValueInfoProto) -> list[TensorShapeProto.Dimension]:
    return list(value.type.tensor_type.shape.dim)


@contextmanager
def _hushed() -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in _NOISY]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
