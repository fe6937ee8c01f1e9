"""One job from claimed to finished: the only place where a lease, the work and the outcome meet."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from backend.db.models import JobRow
from backend.db.repositories.leases import Claim, LeaseLost
from backend.domain.errors import FailureCode, JobFailure
from backend.domain.jobs import JobKind, JobState
from backend.services.intakes import fail_subject
from worker.failures import failure_of, is_database_away
from worker.heartbeat import Heartbeat
from worker.jobs.performance import Performance, Performer, Write, live_event, write_nothing
from worker.workshop import Workshop

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Runner:
    """Runs jobs, one at a time, in this process."""

    workshop: Workshop
    performers: Mapping[JobKind, Performer]

    def run(self, job_id: str) -> None:
        """Claim a job and see it through; does nothing when it is taken, ended or unknown (a bell may ring twice).

        No error of the job leaves this function: it becomes the job's failure. A lost lease or a lost database
        ends the work without a word; the reaper sees to the job.
        """
        with self.workshop.work() as work:
            claim = work.leases.claim(job_id, self.workshop.owner)
            job = work.jobs.find(job_id)
        if claim is None or job is None:
            _LOG.info("Job %s is not to be had.", job_id)
            return
        _LOG.info("Job %s (%s) begins, epoch %d.", job_id, job.kind, claim.epoch)
        self._announce(job, JobState.RUNNING)
        try:
            with Heartbeat(self.workshop, claim) as heartbeat:
                end = self._perform(job, claim, heartbeat)
            self._end(job, claim, end)
        except LeaseLost:
            _LOG.warning("Job %s was taken away; this process writes nothing more about it.", job_id)
        except Exception as error:
            if not is_database_away(error):
                raise
            _LOG.exception("The database is away; job %s is left to the reaper.", job_id)

    def _perform(self, job: JobRow, claim: Claim, heartbeat: Heartbeat) -> Callable[[], None]:
        """Do the work; the answer writes its end."""
        try:
            write = self.performers[job.kind](Performance(self.workshop, job, claim, heartbeat.should_stop))
        except Exception as error:  # noqa: BLE001 - the job's failure, whatever it is
            failure = _failure_of(job, error)
            return lambda: self._fail(job, claim, failure)
        if write is not None:
            return lambda: self._finish(job, claim, JobState.COMPLETED, write=write)
        if heartbeat.is_lost:
            raise LeaseLost(job.id)
        if heartbeat.is_cancelled:
            return lambda: self._finish(job, claim, JobState.CANCELLED)
        return lambda: self._release(job, claim)

    def _end(self, job: JobRow, claim: Claim, end: Callable[[], None]) -> None:
        """Write the end; where that cannot be written (a full disk, for example), that is the job's failure."""
        try:
            end()
        except Exception as error:  # noqa: BLE001 - likewise
            self._fail(job, claim, _failure_of(job, error))

    def _finish(self, job: JobRow, claim: Claim, state: JobState, write: Write = write_nothing) -> None:
        with self.workshop.work() as work:
            work.leases.finish(claim, state)
            write(work)
        self._announce_end(job, state)

    def _fail(self, job: JobRow, claim: Claim, failure: JobFailure) -> None:
        with self.workshop.work() as work:
            work.leases.finish(claim, JobState.FAILED, failure)
            fail_subject(work, job, failure)
        self._announce_end(job, JobState.FAILED, keeps_checkpoint=failure.code is FailureCode.DIVERGED)

    def _release(self, job: JobRow, claim: Claim) -> None:
        """The worker is shutting down: another one, or this one later, goes on from the checkpoint."""
        with self.workshop.work() as work:
            work.leases.release(claim)
            work.after_commit(lambda: self.workshop.ring(job.id, job.kind))
        self._announce(job, JobState.QUEUED)

    def _announce_end(self, job: JobRow, state: JobState, *, keeps_checkpoint: bool = False) -> None:
        """Tell everybody; of a run that diverged the last good checkpoint stays until the run is deleted."""
        _LOG.info("Job %s is %s.", job.id, state)
        if not keeps_checkpoint:
            self.workshop.store.delete_checkpoint(job.id)
        self._announce(job, state)

    def _announce(self, job: JobRow, state: JobState) -> None:
        event = live_event(job, state)
        if event is not None:
            self.workshop.publish(event)


def _failure_of(job: JobRow, error: Exception) -> JobFailure:
    """What the job failed of, noted in the log; raises the error itself when it says that nothing may be written."""
    if isinstance(error, LeaseLost) or is_database_away(error):
        raise error
    failure = failure_of(error)
    level = logging.ERROR if failure.code is FailureCode.INTERNAL_ERROR else logging.INFO
    trace = None if failure is error else error
    _LOG.log(level, "Job %s failed: %s", job.id, failure.detail, exc_info=trace)
    return failure
