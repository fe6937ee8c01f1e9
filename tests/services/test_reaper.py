"""The reaper brings back jobs of dead workers and rings lost bells."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, update
from sqlalchemy.orm import Session, sessionmaker

from backend.db import UnitOfWork, create_engine, create_sessions
from backend.db.base import database_time
from backend.db.models import DatasetRow, JobRow, ModelRow
from backend.db.repositories.leases import MAX_ATTEMPTS
from backend.domain.jobs import JobKind, JobState
from backend.queue import LiveEvent
from backend.services.reaper import Reaper
from tests.databases import sqlite_template, sqlite_url  # noqa: F401 - fixtures


class QuietBroker:
    """Remembers what it is told; `unheard` bells wait on it."""

    def __init__(self) -> None:
        self.rung: list[str] = []
        self.published: list[LiveEvent] = []
        self.unheard = 0

    def ring(self, job_id: str, _kind: JobKind) -> bool:
        self.rung.append(job_id)
        return True

    def waiting(self, _queue: str) -> int:
        return self.unheard

    def publish(self, event: LiveEvent) -> bool:
        self.published.append(event)
        return True


@pytest.fixture
def engine(sqlite_url: str) -> Iterator[Engine]:  # noqa: F811 - the fixture above
    engine = create_engine(sqlite_url)
    yield engine
    engine.dispose()


@pytest.fixture
def sessions(engine: Engine) -> sessionmaker[Session]:
    return create_sessions(engine)


@pytest.fixture
def broker() -> QuietBroker:
    return QuietBroker()


@pytest.fixture
def reaper(sessions: sessionmaker[Session], broker: QuietBroker) -> Reaper:
    return Reaper(sessions, broker, broker)  # type: ignore[arg-type]  # a fake of both ends


def _queue(sessions: sessionmaker[Session], kind: JobKind = JobKind.PRUNE, **columns: object) -> str:
    with UnitOfWork(sessions) as work:
        return work.jobs.add(JobRow(kind=kind, name="a", **columns)).id


def _claim(sessions: sessionmaker[Session], job_id: str) -> None:
    with UnitOfWork(sessions) as work:
        assert work.leases.claim(job_id, "host:1:2") is not None


def _expire(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(update(JobRow).values(lease_until=database_time() - 1))


def test_a_job_of_a_dead_worker_is_queued_rung_and_announced(
    reaper: Reaper, sessions: sessionmaker[Session], broker: QuietBroker, engine: Engine
) -> None:
    job_id = _queue(sessions)
    _claim(sessions, job_id)
    reaper.sweep()
    assert broker.rung == []
    _expire(engine)
    reaper.sweep()
    reaper.sweep()
    assert broker.rung == [job_id]
    assert [(event.id, event.data) for event in broker.published] == [(job_id, {"state": "queued"})]


def test_a_lost_bell_is_rung_again_unless_others_wait_unheard(
    reaper: Reaper, sessions: sessionmaker[Session], broker: QuietBroker, engine: Engine
) -> None:
    job_id = _queue(sessions)
    for unheard, expected in ((1, []), (0, [job_id])):
        broker.unheard = unheard
        with engine.begin() as connection:
            connection.execute(update(JobRow).values(rung_at=database_time() - 16))
        reaper.sweep()
        assert broker.rung == expected


@pytest.mark.parametrize("kind", [JobKind.MODEL_INTAKE, JobKind.DATASET_INTAKE])
def test_a_file_that_kills_every_worker_is_given_up_with_a_reason(
    reaper: Reaper, sessions: sessionmaker[Session], broker: QuietBroker, engine: Engine, kind: JobKind
) -> None:
    with UnitOfWork(sessions) as work:
        model = work.models.add(ModelRow(name="m", file_name="m.pt", source="upload", state="inspecting"))
        dataset = work.datasets.add(DatasetRow(name="d", title="d", source="upload", state="preparing"))
    subject = {"model_id": model.id} if kind is JobKind.MODEL_INTAKE else {"dataset_id": dataset.id}
    job_id = _queue(sessions, kind, **subject)
    for _ in range(MAX_ATTEMPTS):
        _claim(sessions, job_id)
        _expire(engine)
        reaper.sweep()
    with UnitOfWork(sessions) as work:
        failed = work.models.get(model.id) if kind is JobKind.MODEL_INTAKE else work.datasets.get(dataset.id)
        assert work.jobs.get(job_id).state is JobState.FAILED
    assert failed.state == "failed"
    assert failed.error_code == "crash_loop"
    assert broker.published[-1].id == failed.id


def test_a_buried_process_gives_its_job_back_at_once(
    reaper: Reaper, sessions: sessionmaker[Session], broker: QuietBroker
) -> None:
    job_id = _queue(sessions)
    _claim(sessions, job_id)
    reaper.bury("other:1:", job_id)
    assert broker.rung == []
    reaper.bury("host:1:", job_id)
    assert broker.rung == [job_id]


def test_a_database_that_is_away_is_tried_again_later(
    reaper: Reaper, sessions: sessionmaker[Session], broker: QuietBroker, engine: Engine
) -> None:
    job_id = _queue(sessions)
    _claim(sessions, job_id)
    _expire(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE job RENAME TO away")
    reaper.sweep()
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE away RENAME TO job")
    reaper.sweep()
    assert broker.rung == [job_id]
