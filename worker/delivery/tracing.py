"""A network as torch's exported program: what `.pt2` files and ONNX models are made of."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch.export import Dim, ExportedProgram

from backend.domain.errors import FailureCode, JobFailure
from worker.engine.network import Network, build
from worker.engine.network.inputs import random_inputs

BATCH = "batch"
"""Name of the free first axis of every input and output."""
_EXAMPLES = 2
"""Fewer would be taken for a fixed size."""
_PRIVATE = ("stack_trace", "source_fn_stack", "nn_module_stack", "torch_fn", "custom")
"""What nodes remember of this machine's folders and of the tracer itself."""


def trace_program(network: Network) -> ExportedProgram:
    """Export in evaluation mode with a dynamic batch; equal networks give equal programs.

    Raises `JobFailure` (EXPORT_FAILED) where torch cannot trace the network, above all when an operation fixes the
    batch size.
    """
    inputs = random_inputs(network, _EXAMPLES)
    dynamic = tuple({0: Dim(BATCH)} for _ in inputs)
    with quiet():
        try:
            program = torch.export.export(build(network), inputs, dynamic_shapes=dynamic, strict=False)
        except Exception as error:  # torch raises errors of many families for what it cannot trace
            raise export_failed("an exported program", error) from error
    for node in program.graph.nodes:
        for key in _PRIVATE:
            node.meta.pop(key, None)
    return program


def export_failed(what: str, error: BaseException) -> JobFailure:
    """The failure of one format; the other files of the operating point are not touched by it."""
    lines = str(error).strip().splitlines()
    reason = lines[0].rstrip(".")[:300] if lines else type(error).__name__
    return JobFailure(
        FailureCode.EXPORT_FAILED,
        f"The network cannot be written as {what}: {reason}.",
        "Its other files are complete: model.safetensors with model.py holds the same network.",
    )


@contextmanager
def quiet() -> Iterator[None]:
    """Keep torch's notes about its own internals (deprecations) out of logs and terminals."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        warnings.simplefilter("ignore", DeprecationWarning)
        yield
