"""Opening uploaded checkpoints: the child reads the file, this side believes only what it can check again."""

from pathlib import Path

from pydantic import Field, JsonValue, ValidationError

from backend.domain.errors import FailureCode, JobFailure
from backend.domain.network import ArchitectureMatch
from backend.domain.spec import Spec
from worker.engine.network import NetworkFiles, load, summarize
from worker.intake.formats import holds_safetensors
from worker.intake.outcome import Choice, ModelIntake, Ready
from worker.intake.output import naming_failures, read_checked
from worker.sandbox.limits import Limits
from worker.sandbox.parent import locked_down

CHILD = "worker.intake.model_child:inspect"
GRAPH_NAME = "network.json"
WEIGHTS_NAME = "weights.safetensors"
MAX_GRAPH_BYTES = 64 * 2**20


class Answer(Spec):
    """What the child says: the architecture whose files it wrote, or several to choose from."""

    matches: tuple[ArchitectureMatch, ...] = Field(min_length=1, max_length=100)


def inspect_model(
    file: Path, choice: ArchitectureMatch | None, *, name: str | None = None, allow_unsandboxed: bool = False
) -> ModelIntake:
    """Read an uploaded state dict (`.safetensors`, `.pt`, `.pth`) in a locked-down child.

    `choice` is the architecture a user picked; without it the tensors' names and shapes decide. `name` is the file's
    name as the user knows it. Raises JobFailure: REJECTED_FILE, UNSAFE_FILE, NON_FINITE_WEIGHTS,
    UNKNOWN_ARCHITECTURE, ARCHITECTURE_MISMATCH, and those of `locked_down`. Without a working lock only safetensors
    files are read, unless `allow_unsandboxed`.
    """
    shown = name or file.name
    arguments: dict[str, JsonValue] = {
        "name": shown,
        "choice": choice.model_dump(mode="json") if choice else None,
        "graph": GRAPH_NAME,
        "weights": WEIGHTS_NAME,
    }
    is_required = not (allow_unsandboxed or holds_safetensors(file))
    limits = Limits.for_file(file.stat().st_size)
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
        return Ready(files, summarize(load(files)))


def _read_answer(value: JsonValue) -> Answer:
    try:
        return Answer.model_validate(value)
    except ValidationError as error:
        raise JobFailure(FailureCode.PARSER_CRASH, "The process that opened the file gave no valid answer.") from error
