"""Jobs as the user sees them; what a worker does to them is in `leases`."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, case, delete, func, select, true, update

from backend.db.base import database_time
from backend.db.models import JobRow
from backend.db.repositories.repository import Repository
from backend.domain.errors import Conflict, NotFound
from backend.domain.jobs import RUN_KINDS, JobState

ACTIVE_STATES = (JobState.QUEUED, JobState.RUNNING)


class Jobs(Repository):
    """The table `job`."""

    def add(self, row: JobRow) -> JobRow:
        """Queue a job; the caller rings the doorbell after the commit."""
        row.rung_at = database_time()  # type: ignore[assignment]  # a SQL expression, resolved by the insert
        self._session.add(row)
        self._session.flush()
        return row

    def find(self, job_id: str) -> JobRow | None:
        """A job of any kind."""
        return self._session.get(JobRow, job_id)

    def get(self, job_id: str) -> JobRow:
        """A job of any kind; raises `NotFound`."""
        row = self.find(job_id)
        if row is None:
            raise NotFound("There is no such job.")
        return row

    def get_run(self, job_id: str) -> JobRow:
        """A job that a user sees as a run (prune, sample); raises `NotFound`."""
        row = self.find(job_id)
        if row is None or row.kind not in RUN_KINDS:
            raise NotFound("There is no such run.")
        return row

    def list_runs(self, limit: int, offset: int = 0, state: JobState | None = None) -> Sequence[JobRow]:
        """Runs, newest first."""
        query = select(JobRow).where(JobRow.kind.in_(RUN_KINDS), _in_state(state))
        order = (JobRow.created_at.desc(), JobRow.id)
        return self._session.scalars(query.order_by(*order).limit(limit).offset(offset)).all()

    def count_runs(self, state: JobState | None = None) -> int:
        """Number of runs."""
        query = select(func.count()).select_from(JobRow).where(JobRow.kind.in_(RUN_KINDS), _in_state(state))
        return self._session.scalar(query) or 0

    def count_active(self, *, model_id: str | None = None, dataset_id: str | None = None) -> int:
        """Number of jobs that still need this model, or this dataset."""
        query = select(func.count()).select_from(JobRow).where(JobRow.state.in_(ACTIVE_STATES))
        if model_id is not None:
            query = query.where(JobRow.model_id == model_id)
        if dataset_id is not None:
            query = query.where(JobRow.dataset_id == dataset_id)
        return self._session.scalar(query) or 0

    def request_cancel(self, job_id: str) -> JobState:
        """Cancel at once while queued, else ask the worker to stop; returns the state that follows.

        Raises `NotFound`, or `Conflict` when the job has already ended otherwise. Asking twice is fine.
        """
        is_queued = JobRow.state == JobState.QUEUED
        query = (
            update(JobRow)
            .where(JobRow.id == job_id, JobRow.state.in_(ACTIVE_STATES))
            .values(
                cancel_requested=true(),
                state=case((is_queued, JobState.CANCELLED.value), else_=JobRow.state),
                finished_at=case((is_queued, database_time()), else_=JobRow.finished_at),
            )
            .returning(JobRow.state)
            .execution_options(synchronize_session=False)
        )
        states = self._session.scalars(query).all()
        if states:
            return states[0]
        state = self._state(job_id)
        if state is not JobState.CANCELLED:
            raise Conflict(f"The job is already {state}; there is nothing to cancel.")
        return state

    def delete(self, job_id: str) -> None:
        """Remove a job that has ended, with its history, points and artifacts' rows.

        Raises `NotFound`, or `Conflict` while it is queued or running.
        """
        final = [state for state in JobState if state.is_final]
        query = delete(JobRow).where(JobRow.id == job_id, JobRow.state.in_(final)).returning(JobRow.id)
        if not self._session.scalars(query.execution_options(synchronize_session=False)).all():
            raise Conflict(f"The job is {self._state(job_id)}; cancel it before deleting it.")

    def _state(self, job_id: str) -> JobState:
        """The state as it is now, whatever this session has loaded before; raises `NotFound`."""
        state = self._session.scalar(select(JobRow.state).where(JobRow.id == job_id))
        if state is None:
            raise NotFound("There is no such job.")
        return state


def _in_state(state: JobState | None) -> ColumnElement[bool]:
    return true() if state is None else JobRow.state == state
