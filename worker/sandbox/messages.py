"""What parent and child of the sandbox tell each other, as JSON."""

from typing import Literal

from pydantic import Field, JsonValue

from backend.domain.errors import FailureCode
from backend.domain.spec import Spec

MAX_SENTENCE = 4000


class Request(Spec):
    """The parent's order: run `entry` on `file`, with `folder` as the only place to write."""

    entry: str = Field(pattern=r"^\w+(\.\w+)*:\w+$")
    """`module:function`; called with the file, the folder and the arguments; returns JSON."""
    file: str | None
    code_folders: list[str]
    """Further folders with our own code, readable and on the import path."""
    folder: str
    arguments: dict[str, JsonValue]
    limits: dict[str, int]
    reply_to: int
    """File descriptor of the pipe."""
    is_lockdown_required: bool
    parent: int
    """Process id; the child does not outlive it."""


class Done(Spec):
    """The function returned."""

    kind: Literal["done"] = "done"
    value: JsonValue


class Failed(Spec):
    """The function refused its input, or met a limit."""

    kind: Literal["failed"] = "failed"
    code: FailureCode
    detail: str = Field(max_length=MAX_SENTENCE)
    hint: str = Field("", max_length=MAX_SENTENCE)


class Crashed(Spec):
    """The function raised something that nobody expects."""

    kind: Literal["crashed"] = "crashed"
    error: str = Field(max_length=MAX_SENTENCE)


Reply = Done | Failed | Crashed
