"""What every kind of job shares: what it is given, and what it hands back."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from backend.db import UnitOfWork
from backend.db.models import JobRow
from backend.db.repositories.leases import Claim
from backend.domain.jobs import RUN_KINDS, JobKind, JobState
from backend.queue import LiveEvent
from worker.workshop import Workshop


@dataclass(frozen=True)
class Performance:
    """One attempt at a job."""

    workshop: Workshop
    job: JobRow
    claim: Claim
    should_stop: Callable[[], bool]


Write: TypeAlias = Callable[[UnitOfWork], None]
"""Writes a job's result, in the transaction that ends the job."""

Performer: TypeAlias = Callable[[Performance], Write | None]
"""Does one kind of job; None when it was told to stop before the end. Raises `JobFailure`, or anything else."""


def write_nothing(_work: UnitOfWork) -> None:
    """The result is written already."""


def live_event(job: JobRow, state: JobState) -> LiveEvent | None:
    """What browsers hear when a job changes its state: a run speaks for itself, an intake for its subject.

    None for a delivery: the page that ordered it asks how it stands, and its result is an event of the run.
    """
    if job.kind is JobKind.DELIVERY:
        return None
    if job.kind in RUN_KINDS:
        return LiveEvent(type="state", kind="run", id=job.id, data={"state": state.value})
    if job.kind is JobKind.MODEL_INTAKE:
        return LiveEvent(type="state", kind="model", id=job.model_id or "")
    return LiveEvent(type="state", kind="dataset", id=job.dataset_id or "")
