"""The reaper: takes jobs from dead workers, gives up those that always kill theirs, and rings lost bells again.

It may run in any number of processes at once: each sweep is a few single statements, and every job is taken by one.
"""

import logging

from sqlalchemy.orm import Session, sessionmaker

from backend.db import DATABASE_AWAY, UnitOfWork
from backend.db.repositories.leases import CRASH_LOOP, Expired
from backend.domain.jobs import RUN_KINDS, JobKind, JobState
from backend.queue import Doorbell, EventPublisher, LiveEvent, queue_of
from backend.services.intakes import fail_subject

_LOG = logging.getLogger(__name__)

SWEEP_S = 10.0
"""Time between two sweeps of one process."""


class Reaper:
    """Call `sweep` every `SWEEP_S` seconds."""

    def __init__(self, sessions: sessionmaker[Session], doorbell: Doorbell, publisher: EventPublisher) -> None:
        self._sessions = sessions
        self._doorbell = doorbell
        self._publisher = publisher

    def sweep(self) -> None:
        """Look once; a database that is away is tried again at the next sweep."""
        try:
            expired, due = self._take()
        except DATABASE_AWAY as error:
            _LOG.warning("The database is away: %s", error)
            return
        for job in expired:
            _LOG.warning("Job %s lost its worker and is %s now.", job.job_id, job.state)
            if job.kind is not JobKind.DELIVERY:  # its page asks again by itself
                self._publisher.publish(_event_of(job))
            if job.state is JobState.QUEUED:
                self._doorbell.ring(job.job_id, job.kind)
        for queue in {queue_of(kind) for _, kind in due}:
            if self._doorbell.waiting(queue) == 0:
                self._ring_again([(job_id, kind) for job_id, kind in due if queue_of(kind) == queue])

    def bury(self, owner_prefix: str, job_id: str) -> None:
        """The process that held a job's lease is known to be dead: sweep without waiting for the lease to run out."""
        try:
            with UnitOfWork(self._sessions) as work:
                is_ours = work.leases.expire_now(owner_prefix, job_id)
        except DATABASE_AWAY as error:
            _LOG.warning("The database is away: %s", error)
            return
        if is_ours:
            self.sweep()

    def _take(self) -> tuple[list[Expired], list[tuple[str, JobKind]]]:
        with UnitOfWork(self._sessions) as work:
            expired = work.leases.expire()
            for job in expired:
                if job.state is JobState.FAILED:
                    fail_subject(work, job, CRASH_LOOP)
            return expired, work.leases.due_for_bell()

    def _ring_again(self, due: list[tuple[str, JobKind]]) -> None:
        for job_id, kind in due:
            self._doorbell.ring(job_id, kind)


def _event_of(job: Expired) -> LiveEvent:
    data = {"state": job.state.value}
    if job.kind in RUN_KINDS:
        return LiveEvent(type="state", kind="run", id=job.job_id, data=data)
    if job.model_id is not None:
        return LiveEvent(type="state", kind="model", id=job.model_id)
    return LiveEvent(type="state", kind="dataset", id=job.dataset_id or "")
