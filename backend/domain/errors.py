"""Refusals we expect, each with a stable code; they know nothing of HTTP."""

from enum import StrEnum
from typing import ClassVar, Self


class Refusal(Exception):
    """Something was asked that cannot be done; `detail` is a sentence that says what to do instead.

    `field` is a dotted path into the request (for example `prune.cost.beta`), `hint` a second sentence.
    """

    code: ClassVar[str] = "refused"

    def __init__(self, detail: str, *, field: str | None = None, hint: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.field = field
        self.hint = hint


class NotFound(Refusal):
    """No such model, dataset, run, operating point or file (or it is not yours to see)."""

    code = "not_found"


class InvalidValue(Refusal):
    """A value in a request or a recipe is out of range, unknown or contradicts another."""

    code = "invalid_value"


class DataMismatch(InvalidValue):
    """The dataset's shape or its number of classes does not fit the model."""

    code = "data_mismatch"


class TargetUnreachable(InvalidValue):
    """The recipe asks for less than the minimum widths allow; the hint names the nearest reachable point."""

    code = "target_unreachable"


class Conflict(Refusal):
    """The thing exists but is in a state in which this cannot be done."""

    code = "conflict"


class TooLarge(Refusal):
    """An upload or a request body is over its limit."""

    code = "too_large"


class DiskFull(Refusal):
    """There is not enough free space to store what was asked."""

    code = "disk_full"


class Unauthenticated(Refusal):
    """No valid session; log in with the code that `secateur up` printed."""

    code = "unauthenticated"


class Forbidden(Refusal):
    """The request came from a foreign origin or host."""

    code = "forbidden"


class TooManyRequests(Refusal):
    """Too many attempts; wait and try again."""

    code = "too_many_requests"


class CannotStart(Refusal):
    """The service cannot start as asked (a taken port, a data folder in use); the detail says what to change."""

    code = "cannot_start"


class FailureCode(StrEnum):
    """Why a job ended without a result: stable, machine-readable, shown with a sentence and a hint."""

    REJECTED_FILE = "rejected_file"
    UNSAFE_FILE = "unsafe_file"
    UNKNOWN_ARCHITECTURE = "unknown_architecture"
    UNSUPPORTED_OPERATION = "unsupported_operation"
    ARCHITECTURE_MISMATCH = "architecture_mismatch"
    NON_FINITE_WEIGHTS = "non_finite_weights"
    INVALID_DATASET = "invalid_dataset"
    DATA_MISMATCH = "data_mismatch"
    INVALID_RECIPE = "invalid_recipe"
    TARGET_UNREACHABLE = "target_unreachable"
    DIVERGED = "diverged"
    EXPORT_FAILED = "export_failed"
    OUT_OF_MEMORY = "out_of_memory"
    DISK_FULL = "disk_full"
    TIME_LIMIT = "time_limit"
    PARSER_CRASH = "parser_crash"
    DATA_UNAVAILABLE = "data_unavailable"
    SANDBOX_UNAVAILABLE = "sandbox_unavailable"
    DEVICE_UNAVAILABLE = "device_unavailable"
    KILLED = "killed"
    CRASH_LOOP = "crash_loop"
    INTERNAL_ERROR = "internal_error"


FILE_VERDICTS = frozenset(
    {
        FailureCode.REJECTED_FILE,
        FailureCode.UNSAFE_FILE,
        FailureCode.UNKNOWN_ARCHITECTURE,
        FailureCode.UNSUPPORTED_OPERATION,
        FailureCode.ARCHITECTURE_MISMATCH,
        FailureCode.NON_FINITE_WEIGHTS,
        FailureCode.INVALID_DATASET,
        FailureCode.DATA_MISMATCH,
        FailureCode.PARSER_CRASH,
    }
)
"""What an uploaded file is refused for; every other failure is of the machine, and the same file may do later."""


class JobFailure(Exception):
    """A job cannot go on: a stable code, the cause in a sentence, a hint that says what to do, and what is kept of it.

    `detail` is the cause with what is kept.
    """

    def __init__(self, code: FailureCode, cause: str, hint: str = "", kept: str = "") -> None:
        self.detail = f"{cause} {kept}".strip()
        super().__init__(self.detail)
        self.code = code
        self.cause = cause
        self.hint = hint
        self.kept = kept

    def __reduce__(self) -> tuple[type[Self], tuple[FailureCode, str, str, str]]:
        """Between processes it travels as what it is made of."""
        return type(self), (self.code, self.cause, self.hint, self.kept)
