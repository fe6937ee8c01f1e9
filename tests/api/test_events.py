"""Live events: filters, and streams that end when they should."""

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from backend.api.routers import events
from backend.db import UnitOfWork
from backend.db.models import JobRow
from backend.domain.jobs import JobKind
from backend.queue import LiveEvent
from backend.queue.stream import StreamEvent
from backend.services import accounts
from tests.api.application import ABSENT_ID, Application


@pytest.fixture
def run(application: Application) -> str:
    """A run with a step and a point, among events of others."""
    with UnitOfWork(application.sessions) as work:
        job = work.jobs.add(JobRow(kind=JobKind.PRUNE, name="run")).id
    application.stream.history = [
        StreamEvent("1-0", LiveEvent(type="state", kind="model", id="m")),
        StreamEvent("2-0", LiveEvent(type="step", kind="run", id=job, data={"step": 1})),
        StreamEvent("3-0", LiveEvent(type="step", kind="run", id=ABSENT_ID)),
        StreamEvent("4-0", LiveEvent(type="point", kind="run", id=job, data={"index": 1})),
    ]
    return job


def ids(text: str) -> list[str]:
    return [line.removeprefix("id: ") for line in text.splitlines() if line.startswith("id: ")]


def test_a_runs_stream_carries_its_own_events_only(client: TestClient, run: str) -> None:
    answer = client.get(f"/api/runs/{run}/events")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert ids(answer.text) == ["2-0", "4-0"]
    assert "event: point" in answer.text
    assert '"step":1' in answer.text.replace(" ", "")


def test_a_stream_goes_on_after_the_last_event_that_was_seen(client: TestClient, run: str) -> None:
    assert ids(client.get(f"/api/runs/{run}/events", headers={"Last-Event-ID": "2-0"}).text) == ["4-0"]


def test_the_common_stream_leaves_steps_out(client: TestClient, run: str) -> None:
    assert run
    assert ids(client.get("/api/runs/events").text) == ["1-0", "4-0"]


def test_there_is_no_stream_of_an_unknown_run(client: TestClient) -> None:
    answer = client.get(f"/api/runs/{ABSENT_ID}/events")
    assert (answer.status_code, answer.json()["error"]) == (404, "not_found")


def log_out_later(application: Application, token: str) -> Callable[[], None]:
    def log_out() -> None:
        with UnitOfWork(application.sessions) as work:
            accounts.log_out(work, token)

    return log_out


@pytest.mark.parametrize("manner", ["holds", "repeats"])
def test_a_stream_ends_soon_after_its_session_whether_it_is_quiet_or_busy(
    application: Application, client: TestClient, run: str, monkeypatch: pytest.MonkeyPatch, manner: str
) -> None:
    monkeypatch.setattr(events, "SESSION_CHECK_S", 0.01)
    setattr(application.stream, manner, True)
    application.stream.on_caught_up = log_out_later(application, client.cookies["secateur_session"])
    assert ids(client.get(f"/api/runs/{run}/events").text)[:2] == ["2-0", "4-0"]
