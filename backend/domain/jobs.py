"""What a job may be, and which of its states may follow which."""

from enum import StrEnum

from backend.domain.errors import Conflict


class JobKind(StrEnum):
    """The work that a job does; `prune` and `sample` are the runs that a user sees."""

    PRUNE = "prune"
    SAMPLE = "sample"
    MODEL_INTAKE = "model_intake"
    DATASET_INTAKE = "dataset_intake"
    DELIVERY = "delivery"
    """Makes a file of an operating point, or measures its latency."""


RUN_KINDS = frozenset({JobKind.PRUNE, JobKind.SAMPLE})
"""Kinds that train networks and so want the GPU; the others go to the intake queue, which is never blocked by them."""


class JobState(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Nothing changes any more."""
        return self in _FINAL


_FINAL = frozenset({JobState.COMPLETED, JobState.FAILED, JobState.CANCELLED})

TRANSITIONS: dict[JobState, frozenset[JobState]] = {
    JobState.QUEUED: frozenset({JobState.RUNNING, JobState.CANCELLED, JobState.FAILED}),
    JobState.RUNNING: frozenset({JobState.QUEUED, *_FINAL}),
    JobState.COMPLETED: frozenset(),
    JobState.FAILED: frozenset(),
    JobState.CANCELLED: frozenset(),
}


def check_transition(before: JobState, after: JobState) -> None:
    """Raise `Conflict` unless a job may go from `before` to `after`."""
    if after not in TRANSITIONS[before]:
        raise Conflict(f"A job that is {before} cannot become {after}.")
