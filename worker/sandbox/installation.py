"""What is said when the process that opens files cannot run at all: no file is at fault, so none is blamed."""

from backend.domain.errors import FailureCode, JobFailure

MAX_CAUSE = 300


def installation_failure(cause: str) -> JobFailure:
    """The failure for a child that cannot load its own code; `cause` is what Python said of it."""
    lines = cause.strip().splitlines()
    said = f" ({lines[-1][:MAX_CAUSE].rstrip('.')})" if lines else ""
    return JobFailure(
        FailureCode.INTERNAL_ERROR,
        f"The process that opens uploaded files cannot load its own code{said}. The installation is at fault, not the "
        "file.",
        "Install Secateur again, in a folder that the worker's user may read; the file need not be changed.",
    )
