"""Leases: who may work on a job. Every write of a worker is fenced by the epoch of its claim."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Update, and_, case, false, func, or_, select, true, update

from backend.db.base import database_time
from backend.db.models import JobRow
from backend.db.repositories.repository import Repository
from backend.domain.errors import FailureCode, JobFailure
from backend.domain.jobs import JobKind, JobState

LEASE_S = 30.0
"""A lease that was not renewed for so long is free to be taken away."""
BELL_PATIENCE_S = 15.0
"""A job that was queued for so long since its bell rang is announced again."""
MAX_ATTEMPTS = 3
"""Claims without a step of progress before a job is given up."""

CRASH_LOOP = JobFailure(
    FailureCode.CRASH_LOOP,
    f"The worker's process died {MAX_ATTEMPTS} times in a row without finishing a step of this job.",
    "Most often the machine ran out of memory: try a smaller batch size or a smaller network, "
    "and look into the worker's log.",
)


class LeaseLost(Exception):
    """Another process holds the job by now, or nobody: stop, and write nothing more."""


@dataclass(frozen=True)
class Claim:
    """The right to work on a job, until the epoch rises."""

    job_id: str
    epoch: int


@dataclass(frozen=True)
class Expired:
    """A job whose lease ran out, and what became of it."""

    job_id: str
    kind: JobKind
    state: JobState
    model_id: str | None
    dataset_id: str | None


class Leases(Repository):
    """The worker's side of the table `job`; all times are the database's."""

    def claim(self, job_id: str, owner: str) -> Claim | None:
        """Take a queued job: one statement, so that of any number of claimers one wins; None for the others."""
        free = (
            select(JobRow.id)
            .where(JobRow.id == job_id, JobRow.state == JobState.QUEUED)
            .with_for_update(skip_locked=True)
        )
        has_progress = JobRow.step_committed > JobRow.attempt_step
        query = (
            update(JobRow)
            .where(JobRow.id == free.scalar_subquery(), JobRow.state == JobState.QUEUED)
            .values(
                state=JobState.RUNNING,
                owner=owner,
                epoch=JobRow.epoch + 1,
                lease_until=database_time() + LEASE_S,
                heartbeat_at=database_time(),
                started_at=func.coalesce(JobRow.started_at, database_time()),
                attempt=case((has_progress, 1), else_=JobRow.attempt + 1),
                attempt_step=JobRow.step_committed,
            )
        )
        epochs = self._run(query, JobRow.epoch)
        return Claim(job_id, epochs[0][0]) if epochs else None

    def renew(self, claim: Claim) -> bool:
        """Hold the lease for another `LEASE_S`; true when the user asked to cancel. Raises `LeaseLost`."""
        values = {"lease_until": database_time() + LEASE_S, "heartbeat_at": database_time()}
        return bool(self._fenced(claim, values))

    def is_cancel_requested(self, claim: Claim) -> bool:
        """A read that tells a worker whether to stop. Raises `LeaseLost`."""
        answer = self._session.scalar(select(JobRow.cancel_requested).where(_held(claim)))
        if answer is None:
            raise LeaseLost(claim.job_id)
        return answer

    def write(self, claim: Claim, **values: Any) -> None:
        """Set columns of the job. Raises `LeaseLost`, and then the whole transaction is rolled back.

        Rows of other tables that belong to the job are written after this call, in the same transaction.
        """
        self._fenced(claim, values)

    def finish(self, claim: Claim, state: JobState, failure: JobFailure | None = None) -> None:
        """End the job in a final state. Raises `LeaseLost`."""
        self._fenced(claim, _final_values(state, failure))

    def release(self, claim: Claim) -> None:
        """Give the job back unharmed (the worker is shutting down): it does not count as an attempt."""
        self._fenced(claim, {**_requeued(), "attempt": JobRow.attempt - 1})

    def expire_now(self, owner_prefix: str, job_id: str) -> bool:
        """End the lease of a process that is known to be dead, so that nobody waits for it to run out."""
        query = (
            update(JobRow)
            .where(JobRow.id == job_id, JobRow.state == JobState.RUNNING, JobRow.owner.startswith(owner_prefix))
            .values(lease_until=database_time())
        )
        return bool(self._run(query, JobRow.id))

    def expire(self) -> list[Expired]:
        """Take jobs from owners that no longer renew: requeued, cancelled when that was asked, or given up."""
        is_expired = and_(
            JobRow.state == JobState.RUNNING,
            or_(JobRow.lease_until.is_(None), JobRow.lease_until <= database_time()),
        )
        is_hopeless = and_(JobRow.attempt >= MAX_ATTEMPTS, JobRow.step_committed <= JobRow.attempt_step)
        return [
            *self._expire(and_(is_expired, JobRow.cancel_requested), _final_values(JobState.CANCELLED, None)),
            *self._expire(and_(is_expired, is_hopeless), _final_values(JobState.FAILED, CRASH_LOOP)),
            *self._expire(is_expired, _requeued()),
        ]

    def due_for_bell(self) -> list[tuple[str, JobKind]]:
        """Queued jobs whose bell was not answered in `BELL_PATIENCE_S`; they count as rung from now on."""
        is_due = or_(JobRow.rung_at.is_(None), JobRow.rung_at < database_time() - BELL_PATIENCE_S)
        query = update(JobRow).where(JobRow.state == JobState.QUEUED, is_due).values(rung_at=database_time())
        return [(job_id, kind) for job_id, kind in self._run(query, JobRow.id, JobRow.kind)]

    def _expire(self, condition: ColumnElement[bool], values: dict[str, Any]) -> list[Expired]:
        columns = (JobRow.id, JobRow.kind, JobRow.state, JobRow.model_id, JobRow.dataset_id)
        return [Expired(*row) for row in self._run(update(JobRow).where(condition).values(values), *columns)]

    def _fenced(self, claim: Claim, values: dict[str, Any]) -> bool:
        answers = self._run(update(JobRow).where(_held(claim)).values(values), JobRow.cancel_requested)
        if not answers:
            raise LeaseLost(claim.job_id)
        return bool(answers[0][0])

    def _run(self, query: Update, *columns: Any) -> Sequence[Any]:
        statement = query.returning(*columns).execution_options(synchronize_session=False)
        return self._session.execute(statement).all()


def _held(claim: Claim) -> ColumnElement[bool]:
    return and_(JobRow.id == claim.job_id, JobRow.epoch == claim.epoch, JobRow.state == JobState.RUNNING)


def _requeued() -> dict[str, Any]:
    return {
        "state": JobState.QUEUED,
        "owner": None,
        "epoch": JobRow.epoch + 1,
        "lease_until": None,
        "rung_at": database_time(),
        "seconds_left": None,
    }


def _final_values(state: JobState, failure: JobFailure | None) -> dict[str, Any]:
    return {
        "state": state,
        "owner": None,
        "epoch": JobRow.epoch + 1,
        "lease_until": None,
        "seconds_left": None,
        "finished_at": database_time(),
        "cancel_requested": true() if state is JobState.CANCELLED else false(),
        "error_code": failure.code.value if failure else None,
        "error_detail": failure.detail if failure else None,
        "error_hint": failure.hint if failure else None,
    }
