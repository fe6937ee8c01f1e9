"""How a reader says what is wrong with a file; the file's name is put before the sentence at the end."""

from collections.abc import Iterator
from contextlib import contextmanager

from backend.domain.errors import FailureCode, JobFailure

MAX_NAME = 120


class FileRefusal(Exception):
    """The file cannot be used; `reason` is a sentence without its subject, such as `is empty.`."""

    def __init__(self, code: FailureCode, reason: str, hint: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.hint = hint


def rejected(reason: str, hint: str) -> FileRefusal:
    """The file is broken, or not of a kind that can be read."""
    return FileRefusal(FailureCode.REJECTED_FILE, reason, hint)


def unsafe(reason: str, hint: str) -> FileRefusal:
    """The file carries, or may carry, code."""
    return FileRefusal(FailureCode.UNSAFE_FILE, reason, hint)


def invalid_dataset(reason: str, hint: str) -> FileRefusal:
    """The arrays are readable but are no dataset."""
    return FileRefusal(FailureCode.INVALID_DATASET, reason, hint)


def printable(name: str) -> str:
    """A name from an untrusted file, short and on one line."""
    shown = "".join(letter if letter.isprintable() else "?" for letter in name)
    return shown if len(shown) <= MAX_NAME else shown[: MAX_NAME - 3] + "..."


@contextmanager
def naming(file_name: str) -> Iterator[None]:
    """Turn a `FileRefusal` into the JobFailure that a user reads."""
    try:
        yield
    except FileRefusal as refusal:
        raise JobFailure(refusal.code, f"`{printable(file_name)}` {refusal.reason}", refusal.hint) from refusal
