"""What a user is told of an error: a stable code, a sentence and a hint; the traceback stays in the log."""

from sqlalchemy.exc import OperationalError

from backend.db import DATABASE_AWAY
from backend.domain.errors import DiskFull, FailureCode, JobFailure, Refusal
from backend.storage.durable import is_disk_full
from worker.engine.failures import memory_failures

_FULL_DATABASE = ("database or disk is full", "could not extend file", "No space left on device")

DISK_FULL = JobFailure(
    FailureCode.DISK_FULL,
    "The disk is full.",
    "Delete runs or models that are no longer needed, or free space otherwise; then start the job again.",
)


def is_database_away(error: BaseException) -> bool:
    """The database cannot be reached: nothing is wrong with the job, and nothing can be written about it."""
    return isinstance(error, DATABASE_AWAY) and not _is_full(error)


def failure_of(error: Exception) -> JobFailure:
    """The failure that a user sees for any error that ends a job."""
    if isinstance(error, JobFailure):
        return error
    if _is_full(error):
        return DISK_FULL
    try:
        with memory_failures():
            raise error
    except JobFailure as failure:
        return failure
    except Refusal as refusal:
        return JobFailure(FailureCode.INTERNAL_ERROR, refusal.detail, refusal.hint or "")
    except Exception as unexpected:  # noqa: BLE001 - the last resort for every job: no error may end the worker
        return JobFailure(
            FailureCode.INTERNAL_ERROR,
            f"An unexpected error ({type(unexpected).__name__}) ended the job.",
            "The worker's log holds the details under the job's id; please report it.",
        )


def _is_full(error: BaseException) -> bool:
    if isinstance(error, DiskFull) or is_disk_full(error):
        return True
    return isinstance(error, OperationalError) and any(text in str(error) for text in _FULL_DATABASE)
