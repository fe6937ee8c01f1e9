"""The formats beyond safetensors, each made from a network alone."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from backend.domain.delivery import FILE_NAMES, FileFacts, Format
from worker.delivery.exported_program import write_exported_program
from worker.delivery.manifest import scaling_facts
from worker.delivery.onnx_check import CheckInputs, check_onnx
from worker.delivery.onnx_model import write_onnx
from worker.delivery.tracing import trace_program
from worker.engine.network import Network
from worker.engine.scaling import Scaling


@dataclass(frozen=True)
class MadeFile:
    """A file of an operating point, and what is known of it."""

    name: str
    data: bytes
    facts: FileFacts


@dataclass(frozen=True)
class Subject:
    """A network on its way out."""

    network: Network
    scaling: Scaling


def make_file(wanted: Format, subject: Subject, inputs: CheckInputs, threads: int) -> MadeFile:
    """Write the network in one of the formats made on demand; an ONNX model is checked on `inputs`.

    Raises `JobFailure` (EXPORT_FAILED) when it cannot be written, or does not compute the same. Raises `ValueError`
    for safetensors, which comes with the source.
    """
    if wanted is Format.EXPORTED_PROGRAM:
        data = write_exported_program(trace_program(subject.network))
        return MadeFile(FILE_NAMES[wanted], data, FileFacts())
    if wanted is Format.ONNX:
        data = make_onnx(subject)
        check = check_onnx(data, subject.network, inputs, threads)
        return MadeFile(FILE_NAMES[wanted], data, FileFacts(onnx_check=check))
    raise ValueError(f"{wanted} is not made on demand")


def make_onnx(subject: Subject) -> bytes:
    """An ONNX model that was not checked yet. Raises `JobFailure` (EXPORT_FAILED)."""
    return write_onnx(subject.network, trace_program(subject.network), _facts(subject))


def _facts(subject: Subject) -> Mapping[str, JsonValue]:
    """What travels inside an ONNX model."""
    graph = subject.network.graph
    return {
        "architecture": graph.architecture,
        "input_shape": list(graph.input_shape),
        "class_count": graph.class_count,
        "input_scaling": scaling_facts(subject.scaling),
    }
