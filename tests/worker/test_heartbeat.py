"""The heartbeat keeps the lease, and hears of cancellations and of its loss."""

import threading
from collections.abc import Callable

import pytest
from sqlalchemy import update
from sqlalchemy.exc import InterfaceError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from backend.db.base import database_time
from backend.db.models import JobRow
from backend.db.repositories.leases import Claim, Leases
from tests.worker.workshop import Bench
from worker import heartbeat as heartbeat_module
from worker.heartbeat import Heartbeat

PATIENCE_S = 20.0


@pytest.fixture
def claim(bench: Bench) -> Claim:
    job_id = bench.queue()
    with bench.workshop.work() as work:
        claim = work.leases.claim(job_id, bench.workshop.owner)
    assert claim is not None
    return claim


def _break(monkeypatch: pytest.MonkeyPatch, error: Exception) -> list[Exception]:
    """Every look ends with the error; the list grows by it each time."""
    raised: list[Exception] = []

    def fail(_leases: Leases, _claim: Claim) -> bool:
        raised.append(error)
        raise error

    monkeypatch.setattr(Leases, "is_cancel_requested", fail)
    return raised


def _wait_for(condition: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(int(PATIENCE_S / 0.01)):
        if condition():
            return
        pause.wait(0.01)
    pytest.fail("it did not happen")


def test_a_quiet_job_goes_on(bench: Bench, claim: Claim) -> None:
    with Heartbeat(bench.workshop, claim) as heartbeat:
        assert not heartbeat.should_stop()


def test_a_cancellation_is_heard(bench: Bench, claim: Claim) -> None:
    with Heartbeat(bench.workshop, claim) as heartbeat:
        with bench.workshop.work() as work:
            work.jobs.request_cancel(claim.job_id)
        _wait_for(heartbeat.should_stop)
        assert heartbeat.is_cancelled
        assert not heartbeat.is_lost


def test_a_lost_lease_is_heard(bench: Bench, claim: Claim) -> None:
    with Heartbeat(bench.workshop, claim) as heartbeat:
        with bench.workshop.work() as work:
            work.jobs._session.execute(update(JobRow).values(lease_until=database_time() - 1))
            work.leases.expire()
        _wait_for(heartbeat.should_stop)
        assert heartbeat.is_lost
        assert not heartbeat.is_cancelled


def test_the_lease_is_renewed(bench: Bench, claim: Claim, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat_module, "BEAT_S", 0.0)
    before = bench.job(claim.job_id).lease_until
    assert before is not None
    with Heartbeat(bench.workshop, claim):
        _wait_for(lambda: (bench.job(claim.job_id).lease_until or before) > before)


def test_a_worker_without_a_database_stops_before_its_lease_ends(
    bench: Bench, claim: Claim, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat_module, "_GIVE_UP_S", 0.0)
    with bench.workshop.work() as work:
        engine = work.jobs._session.get_bind()
        work.jobs._session.connection().exec_driver_sql("ALTER TABLE job RENAME TO gone")
    with Heartbeat(bench.workshop, claim) as heartbeat:
        _wait_for(heartbeat.should_stop)
        assert heartbeat.is_lost
    engine.dispose()


@pytest.mark.parametrize(
    "error",
    [InterfaceError("select", {}, Exception("the connection is closed")), NoConnectionFree("QueuePool limit reached")],
)
def test_a_cancellation_is_heard_after_the_database_was_away(
    bench: Bench, claim: Claim, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    with Heartbeat(bench.workshop, claim) as heartbeat:
        raised = _break(monkeypatch, error)
        _wait_for(lambda: len(raised) > 1)
        assert not heartbeat.should_stop()
        monkeypatch.undo()
        with bench.workshop.work() as work:
            work.jobs.request_cancel(claim.job_id)
        _wait_for(lambda: heartbeat.is_cancelled)


def test_a_heartbeat_that_fails_for_any_other_reason_stops_the_job(
    bench: Bench, claim: Claim, monkeypatch: pytest.MonkeyPatch
) -> None:
    _break(monkeypatch, RuntimeError("unforeseen"))
    with Heartbeat(bench.workshop, claim) as heartbeat:
        _wait_for(heartbeat.should_stop)
        assert heartbeat.is_lost
