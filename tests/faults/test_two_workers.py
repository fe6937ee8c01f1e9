"""Two Celery workers on one PostgreSQL database and one broker share the work, and take over from each other."""

import os
import pickle
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from kombu import Connection
from sqlalchemy.orm import Session, sessionmaker

from backend.db import UnitOfWork, create_engine, create_sessions
from backend.domain.jobs import JobKind, JobState
from backend.domain.retraining import Retrain
from backend.queue import RUNS_QUEUE, Doorbell, EventPublisher
from backend.queue.celery_config import KEY_PREFIX
from backend.services.reaper import Reaper
from backend.storage import ArtifactStore
from tests.databases import postgres_template, postgres_url  # noqa: F401 - fixtures
from tests.faults.jobs import RECIPE, Subjects, outcome, prepare, queue
from tests.postgres import fresh_database
from worker.broker import EmbeddedBroker

pytestmark = [pytest.mark.faults, pytest.mark.postgres]

PATIENCE_S = 120.0
LONG = RECIPE.model_copy(update={"retrain": Retrain(epochs=40, steps_per_record=2)})
"""Long enough to be killed in the middle, on any machine."""


class Yard:
    """A database, a broker, and two workers."""

    def __init__(self, folder: Path, database_url: str, broker_url: str) -> None:
        self.folder = folder
        self.sessions: sessionmaker[Session] = create_sessions(create_engine(database_url, is_pooled=False))
        self.store = ArtifactStore((folder / "artifacts").as_uri(), folder / "checkpoints")
        self.subjects: Subjects = prepare(self.sessions, self.store)
        self.bell = Doorbell(broker_url)
        self.publisher = EventPublisher(broker_url)
        self.broker_url = broker_url
        self._environment = {
            **os.environ,
            "SECATEUR_DATA": str(folder),
            "SECATEUR_DATABASE_URL": database_url,
            "SECATEUR_BROKER_URL": broker_url,
            "SECATEUR_DEVICE": "cpu",
            "SECATEUR_THREADS": "1",
        }
        self.workers = [self._start(number) for number in range(2)]

    def _start(self, number: int) -> subprocess.Popen[bytes]:
        with (self.folder / f"worker-{number}.log").open("wb") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "worker", "worker", "--queue", RUNS_QUEUE],
                env=self._environment,
                stdout=log,
                stderr=log,
                cwd=Path(__file__).parents[2],
            )

    def close(self) -> None:
        for worker in self.workers:
            worker.terminate()
        for worker in self.workers:
            worker.wait(PATIENCE_S)
        self.bell.close()
        self.publisher.close()

    def logs(self) -> str:
        return "\n".join(path.read_text() for path in self.folder.glob("worker-*.log"))

    def order(self, *, is_long: bool = False) -> str:
        job_id = queue(self.sessions, self.subjects, LONG if is_long else RECIPE)
        self.bell.ring(job_id, JobKind.PRUNE)
        return job_id

    def wait_for(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < deadline, self.logs()
            time.sleep(0.02)

    def wait_until(self, job_id: str, state: JobState) -> None:
        self.wait_for(lambda: self.state(job_id) is state)

    def state(self, job_id: str) -> JobState:
        with UnitOfWork(self.sessions) as work:
            return work.jobs.get(job_id).state

    def step(self, job_id: str) -> int:
        with UnitOfWork(self.sessions) as work:
            return work.jobs.get(job_id).step_committed

    def owner(self, job_id: str) -> tuple[int, int]:
        """Process ids of the worker and of the job's process."""
        with UnitOfWork(self.sessions) as work:
            owner = work.jobs.get(job_id).owner
        assert owner is not None
        _host, worker, child = owner.split(":")
        return int(worker), int(child)

    def let_lease_run_out(self, job_id: str) -> None:
        """As if thirty seconds had passed; then the reaper of the API looks."""
        with UnitOfWork(self.sessions) as work:
            assert work.leases.expire_now("", job_id)
        Reaper(self.sessions, self.bell, self.publisher).sweep()


@pytest.fixture(scope="module")
def yard(
    postgres_url: str,  # noqa: F811 - above
    postgres_template: str,  # noqa: F811 - above
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Yard]:
    folder = tmp_path_factory.mktemp("two")
    with (
        fresh_database(postgres_url, f"two_{uuid.uuid4().hex[:8]}", postgres_template) as database_url,
        EmbeddedBroker(folder / "broker") as broker,
    ):
        yard = Yard(folder, database_url, broker.url)
        yield yard
        yard.close()


def test_both_workers_work_and_a_killed_jobs_process_costs_nothing_but_time(yard: Yard) -> None:
    first, second = yard.order(is_long=True), yard.order(is_long=True)
    yard.wait_for(lambda: yard.step(first) > 1 and yard.step(second) > 1)
    owners = {yard.owner(first)[0], yard.owner(second)[0]}
    assert owners == {worker.pid for worker in yard.workers}
    _, child = yard.owner(second)
    os.kill(child, signal.SIGKILL)
    yard.wait_for(lambda: not psutil.pid_exists(child))
    yard.wait_until(first, JobState.COMPLETED)
    yard.wait_until(second, JobState.COMPLETED)
    assert outcome(yard.sessions, first) == outcome(yard.sessions, second)


def test_a_message_that_is_not_json_is_never_opened(yard: Yard, tmp_path: Path) -> None:
    marker = tmp_path / "marker"

    class Gadget:
        def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
            return os.mkdir, (str(marker),)

    options = {"global_keyprefix": KEY_PREFIX}
    with Connection(yard.broker_url, transport_options=options) as connection:
        headers = {"task": "secateur.work", "id": "1", "lang": "py"}
        producer = connection.Producer()
        producer.publish(
            pickle.dumps(((Gadget(),), {}, {})),
            routing_key=RUNS_QUEUE,
            content_type="application/x-python-serialize",
            content_encoding="binary",
            headers=headers,
        )
    done = yard.order()
    yard.wait_until(done, JobState.COMPLETED)
    yard.wait_for(lambda: yard.bell.waiting(RUNS_QUEUE) == 0)
    assert not marker.exists()


def test_a_killed_workers_job_is_finished_by_the_other(yard: Yard) -> None:
    job_id = yard.order(is_long=True)
    yard.wait_for(lambda: yard.step(job_id) > 1)
    dead, child = yard.owner(job_id)
    os.kill(dead, signal.SIGKILL)
    next(worker for worker in yard.workers if worker.pid == dead).wait(PATIENCE_S)
    yard.wait_for(lambda: not psutil.pid_exists(child))
    assert yard.state(job_id) is JobState.RUNNING
    yard.let_lease_run_out(job_id)
    yard.wait_for(lambda: yard.state(job_id) is JobState.RUNNING)
    assert yard.owner(job_id)[0] != dead
    yard.wait_until(job_id, JobState.COMPLETED)
    with UnitOfWork(yard.sessions) as work:
        steps = [record.step for record in work.steps.list_after(job_id)]
    assert steps == list(range(1, len(steps) + 1))
