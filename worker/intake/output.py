"""What a child of the sandbox leaves behind, checked again before anything is believed."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

from backend.domain.errors import FailureCode, JobFailure
from worker.intake.refusals import FileRefusal, printable
from worker.intake.safetensors_header import read_header
from worker.sandbox.workplace import Workplace


def read_checked(workplace: Workplace, name: str) -> bytes:
    """A safetensors file whose header holds to every bound; raises JobFailure(PARSER_CRASH)."""
    content = workplace.read(name)
    try:
        read_header(BytesIO(content), len(content))
    except FileRefusal as refusal:
        detail = f"The process that opened the file left a broken `{name}`."
        raise JobFailure(FailureCode.PARSER_CRASH, detail) from refusal
    return content


@contextmanager
def naming_failures(file_name: str) -> Iterator[None]:
    """Put the file's name into every failure that does not name it."""
    try:
        yield
    except JobFailure as failure:
        shown = printable(file_name)
        if f"`{shown}`" in failure.detail:
            raise
        raise JobFailure(failure.code, f"`{shown}`: {failure.detail}", failure.hint) from failure
