"""Opening uploaded checkpoints: the child reads the file, this side believes only what it can check again."""

from dataclasses import replace
from pathlib import Path

from pydantic import Field, JsonValue, ValidationError

from backend.domain.errors import FailureCode, JobFailure
from backend.domain.network import ArchitectureMatch, NetworkSummary
from backend.domain.spec import Spec
from worker.engine.counting import count_parameters
from worker.engine.network import Network, NetworkFiles, load
from worker.engine.network.inputs import network_inputs
from worker.intake.formats import holds_safetensors
from worker.intake.outcome import Choice, ModelIntake, Ready
from worker.intake.output import naming_failures, read_checked
from worker.sandbox.limits import Limits
from worker.sandbox.parent import locked_down

CHILD = "worker.intake.model_child:inspect"
GRAPH_NAME = "network.json"
WEIGHTS_NAME = "weights.safetensors"
SUMMARY_NAME = "summary.json"
MAX_GRAPH_BYTES = 64 * 2**20
MAX_SUMMARY_BYTES = 64 * 2**20
WALL_S = 60
READING_S = 50
"""The child has this long; the rest is for its start."""


class Answer(Spec):
    """What the child says: several architectures to choose from; otherwise it wrote the files of a network."""

    matches: tuple[ArchitectureMatch, ...] = Field(max_length=100)


def inspect_model(
    file: Path, choice: ArchitectureMatch | None, *, name: str | None = None, allow_unsandboxed: bool = False
) -> ModelIntake:
    """Read an uploaded state dict, exported program (`.pt2`) or ONNX model in a locked-down child.

    `choice` is the architecture a user picked for a state dict; without it the tensors' names and shapes decide.
    `name` is the file's name as the user knows it. Raises JobFailure: REJECTED_FILE, UNSAFE_FILE, NON_FINITE_WEIGHTS,
    UNKNOWN_ARCHITECTURE, ARCHITECTURE_MISMATCH, UNSUPPORTED_OPERATION, and those of `locked_down`. Without a working
    lock only safetensors files are read, unless `allow_unsandboxed`.
    """
    shown = name or file.name
    arguments: dict[str, JsonValue] = {
        "name": shown,
        "choice": choice.model_dump(mode="json") if choice else None,
        "graph": GRAPH_NAME,
        "weights": WEIGHTS_NAME,
        "summary": SUMMARY_NAME,
        "seconds": READING_S,
        "is_gated": True,
    }
    is_required = not (allow_unsandboxed or holds_safetensors(file))
    limits = replace(Limits.for_file(file.stat().st_size), wall_s=WALL_S)
    with (
        naming_failures(shown),
        locked_down(CHILD, file, arguments, limits, is_lockdown_required=is_required) as (value, workplace),
    ):
        answer = _read_answer(value)
        if choice is None and len(answer.matches) > 1:
            return Choice(answer.matches)
        files = NetworkFiles(
            workplace.read(GRAPH_NAME, MAX_GRAPH_BYTES).decode(errors="replace"), read_checked(workplace, WEIGHTS_NAME)
        )
        summary = workplace.read(SUMMARY_NAME, MAX_SUMMARY_BYTES)
        return Ready(files, _read_summary(summary, load(files)))


def _read_answer(value: JsonValue) -> Answer:
    try:
        return Answer.model_validate(value)
    except ValidationError as error:
        raise _no_valid_answer() from error


def _read_summary(content: bytes, network: Network) -> NetworkSummary:
    """The child's summary, when it is one of this network."""
    try:
        summary = NetworkSummary.model_validate_json(content)
    except ValidationError as error:
        raise _no_valid_answer() from error
    graph = network.graph
    told = (summary.architecture, summary.inputs, summary.class_count, summary.parameters)
    known = (graph.architecture, network_inputs(network), graph.class_count, count_parameters(network))
    if told != known or summary.input_shape != graph.input_shape:
        raise _no_valid_answer()
    return summary


def _no_valid_answer() -> JobFailure:
    return JobFailure(FailureCode.PARSER_CRASH, "The process that opened the file gave no valid answer.")
