"""Leases: fencing, expiry, cancellation, giving up."""

from collections.abc import Callable

import pytest
from sqlalchemy import Engine, update

from backend.db import UnitOfWork
from backend.db.base import database_time
from backend.db.models import JobRow
from backend.db.repositories.leases import MAX_ATTEMPTS, Claim, LeaseLost
from backend.domain.errors import Conflict, FailureCode, JobFailure, NotFound
from backend.domain.jobs import JobKind, JobState
from tests.db.values import LAYOUT, step

Open = Callable[[], UnitOfWork]


def _queue(unit_of_work: Open, kind: JobKind = JobKind.PRUNE) -> str:
    with unit_of_work() as work:
        return work.jobs.add(JobRow(kind=kind, name="a job")).id


def _claim(unit_of_work: Open, job_id: str) -> Claim:
    with unit_of_work() as work:
        claim = work.leases.claim(job_id, "host:1:2")
    assert claim is not None
    return claim


def _let_expire(engine: Engine, job_id: str) -> None:
    with engine.begin() as connection:
        connection.execute(update(JobRow).where(JobRow.id == job_id).values(lease_until=database_time() - 1))


def _age_bell(engine: Engine, job_id: str, seconds: float) -> None:
    with engine.begin() as connection:
        connection.execute(update(JobRow).where(JobRow.id == job_id).values(rung_at=database_time() - seconds))


def _row(unit_of_work: Open, job_id: str) -> JobRow:
    with unit_of_work() as work:
        return work.jobs.get(job_id)


def test_a_claimed_job_runs_with_a_lease_in_the_databases_time(unit_of_work: Open) -> None:
    job_id = _queue(unit_of_work)
    _claim(unit_of_work, job_id)
    row = _row(unit_of_work, job_id)
    assert (row.state, row.owner, row.epoch, row.attempt) == (JobState.RUNNING, "host:1:2", 1, 1)
    assert row.lease_until is not None
    assert row.heartbeat_at is not None
    assert (row.lease_until - row.heartbeat_at).total_seconds() == pytest.approx(30.0, abs=0.1)


def test_a_running_or_unknown_job_cannot_be_claimed(unit_of_work: Open) -> None:
    job_id = _queue(unit_of_work)
    _claim(unit_of_work, job_id)
    with unit_of_work() as work:
        assert work.leases.claim(job_id, "other") is None
        assert work.leases.claim("0" * 32, "other") is None


def test_every_write_of_a_stale_epoch_touches_nothing(unit_of_work: Open, engine: Engine) -> None:
    job_id = _queue(unit_of_work)
    stale = _claim(unit_of_work, job_id)
    _let_expire(engine, job_id)
    with unit_of_work() as work:
        assert [expired.state for expired in work.leases.expire()] == [JobState.QUEUED]
    fresh = _claim(unit_of_work, job_id)
    assert fresh.epoch > stale.epoch
    before = _row(unit_of_work, job_id)
    writes: list[Callable[[UnitOfWork], object]] = [
        lambda work: work.leases.renew(stale),
        lambda work: work.leases.is_cancel_requested(stale),
        lambda work: work.leases.write(stale, progress=0.9),
        lambda work: work.leases.finish(stale, JobState.COMPLETED),
        lambda work: work.leases.release(stale),
    ]
    for write in writes:
        with pytest.raises(LeaseLost), unit_of_work() as work:
            write(work)
    after = _row(unit_of_work, job_id)
    assert (after.state, after.epoch, after.progress, after.lease_until) == (
        before.state,
        before.epoch,
        before.progress,
        before.lease_until,
    )


def test_a_fenced_transaction_takes_its_other_rows_with_it(unit_of_work: Open, engine: Engine) -> None:
    job_id = _queue(unit_of_work)
    stale = _claim(unit_of_work, job_id)
    _let_expire(engine, job_id)
    with unit_of_work() as work:
        work.leases.expire()

    def write_as_if_still_owner() -> None:
        with unit_of_work() as work:
            work.steps.add_all(job_id, [step(1)], LAYOUT)
            work.leases.write(stale, step_committed=1)

    with pytest.raises(LeaseLost):
        write_as_if_still_owner()
    with unit_of_work() as work:
        assert work.steps.count(job_id) == 0


def test_a_job_that_never_had_a_heartbeat_expires_too(unit_of_work: Open, engine: Engine) -> None:
    job_id = _queue(unit_of_work)
    _claim(unit_of_work, job_id)
    with engine.begin() as connection:
        connection.execute(update(JobRow).values(lease_until=None, heartbeat_at=None))
    with unit_of_work() as work:
        assert [expired.job_id for expired in work.leases.expire()] == [job_id]


def test_a_renewed_lease_does_not_expire(unit_of_work: Open, engine: Engine) -> None:
    job_id = _queue(unit_of_work)
    claim = _claim(unit_of_work, job_id)
    _let_expire(engine, job_id)
    with unit_of_work() as work:
        assert work.leases.renew(claim) is False
    with unit_of_work() as work:
        assert work.leases.expire() == []


def test_a_job_is_given_up_after_three_attempts_without_a_step(unit_of_work: Open, engine: Engine) -> None:
    job_id = _queue(unit_of_work)
    states = []
    for _ in range(MAX_ATTEMPTS):
        _claim(unit_of_work, job_id)
        _let_expire(engine, job_id)
        with unit_of_work() as work:
            states += [expired.state for expired in work.leases.expire()]
    row = _row(unit_of_work, job_id)
    assert states == [JobState.QUEUED, JobState.QUEUED, JobState.FAILED]
    assert (row.state, row.error_code) == (JobState.FAILED, FailureCode.CRASH_LOOP)
    assert row.error_detail
    assert row.error_hint


def test_a_step_of_progress_makes_attempts_count_anew(unit_of_work: Open, engine: Engine) -> None:
    job_id = _queue(unit_of_work)
    for number in range(1, 2 * MAX_ATTEMPTS):
        claim = _claim(unit_of_work, job_id)
        with unit_of_work() as work:
            work.leases.write(claim, step_committed=number)
        _let_expire(engine, job_id)
        with unit_of_work() as work:
            assert [expired.state for expired in work.leases.expire()] == [JobState.QUEUED]


def test_giving_a_job_back_does_not_count_as_an_attempt(unit_of_work: Open) -> None:
    job_id = _queue(unit_of_work)
    for _ in range(2 * MAX_ATTEMPTS):
        claim = _claim(unit_of_work, job_id)
        with unit_of_work() as work:
            work.leases.release(claim)
    row = _row(unit_of_work, job_id)
    assert (row.state, row.attempt, row.owner) == (JobState.QUEUED, 0, None)


def test_only_the_dead_workers_own_leases_end_early(unit_of_work: Open) -> None:
    job_id = _queue(unit_of_work)
    _claim(unit_of_work, job_id)
    with unit_of_work() as work:
        assert not work.leases.expire_now("host:9:", job_id)
        assert work.leases.expire() == []
        assert work.leases.expire_now("host:1:", job_id)
    with unit_of_work() as work:
        assert [expired.job_id for expired in work.leases.expire()] == [job_id]


def test_a_queued_job_is_cancelled_at_once(unit_of_work: Open) -> None:
    job_id = _queue(unit_of_work)
    with unit_of_work() as work:
        assert work.jobs.request_cancel(job_id) is JobState.CANCELLED
    row = _row(unit_of_work, job_id)
    assert row.finished_at is not None
    with unit_of_work() as work:
        assert work.leases.claim(job_id, "late") is None


def test_a_running_job_hears_of_the_cancellation(unit_of_work: Open) -> None:
    job_id = _queue(unit_of_work)
    claim = _claim(unit_of_work, job_id)
    with unit_of_work() as work:
        assert work.leases.is_cancel_requested(claim) is False
        assert work.jobs.request_cancel(job_id) is JobState.RUNNING
    with unit_of_work() as work:
        assert work.leases.is_cancel_requested(claim) is True
        assert work.leases.renew(claim) is True
        assert work.jobs.request_cancel(job_id) is JobState.RUNNING


def test_a_job_whose_worker_died_before_it_could_cancel_is_cancelled(unit_of_work: Open, engine: Engine) -> None:
    job_id = _queue(unit_of_work)
    _claim(unit_of_work, job_id)
    with unit_of_work() as work:
        work.jobs.request_cancel(job_id)
    _let_expire(engine, job_id)
    with unit_of_work() as work:
        assert [expired.state for expired in work.leases.expire()] == [JobState.CANCELLED]


def test_an_ended_job_cannot_be_cancelled_and_an_unknown_one_is_not_found(unit_of_work: Open) -> None:
    job_id = _queue(unit_of_work)
    claim = _claim(unit_of_work, job_id)
    with unit_of_work() as work:
        work.leases.finish(claim, JobState.FAILED, JobFailure(FailureCode.DIVERGED, "It diverged.", "Be slower."))
    with pytest.raises(Conflict), unit_of_work() as work:
        work.jobs.request_cancel(job_id)
    with pytest.raises(NotFound), unit_of_work() as work:
        work.jobs.request_cancel("0" * 32)
    row = _row(unit_of_work, job_id)
    assert (row.error_code, row.error_detail, row.error_hint) == ("diverged", "It diverged.", "Be slower.")


def test_a_bell_rings_again_only_after_a_while_and_only_once(unit_of_work: Open, engine: Engine) -> None:
    job_id = _queue(unit_of_work, JobKind.MODEL_INTAKE)
    with unit_of_work() as work:
        assert work.leases.due_for_bell() == []
    _age_bell(engine, job_id, 16)
    with unit_of_work() as work:
        assert work.leases.due_for_bell() == [(job_id, JobKind.MODEL_INTAKE)]
    with unit_of_work() as work:
        assert work.leases.due_for_bell() == []
