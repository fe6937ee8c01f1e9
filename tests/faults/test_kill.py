"""kill -9 at random instants: the run resumes, redoes at most one step, and ends bit for bit the same."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session, sessionmaker

from backend.db import UnitOfWork, create_engine, create_sessions
from backend.domain.jobs import JobState
from backend.storage import ArtifactStore
from tests.databases import sqlite_template, sqlite_url  # noqa: F401 - fixtures
from tests.faults.jobs import outcome, prepare, queue
from worker.engine.checkpoint import Checkpoint

pytestmark = pytest.mark.faults

KILLS = 10
CONTROL_KILLS = 1
CONTROL_STEP = 12
"""By then the second epoch has begun: its order of examples comes from a stream that was drawn from before."""
SEED = 20_261_121
LONGEST_DELAY_S = 0.08
PATIENCE_S = 60.0


class JobHost:
    """The process that forks attempts."""

    def __init__(self, data: Path, database_url: str) -> None:
        self._request = {"data": str(data), "database_url": database_url}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.job_host"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )

    def start(self, job_id: str, *, restore_random_state: bool = True) -> int:
        """Fork an attempt; returns its process id."""
        assert self._process.stdin is not None
        request = {**self._request, "job_id": job_id, "restore_random_state": restore_random_state}
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def wait(self) -> int:
        """The exit status of the attempt."""
        return self._answer()

    def close(self) -> None:
        """End the host."""
        self._process.kill()
        self._process.communicate()

    def _answer(self) -> int:
        assert self._process.stdout is not None
        return int(self._process.stdout.readline())


class Scene:
    """A database, a store, a host, and one run that nobody disturbed."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.folder = folder
        self.engine = create_engine(database_url)
        self.sessions: sessionmaker[Session] = create_sessions(self.engine)
        self.store = ArtifactStore((folder / "artifacts").as_uri(), folder / "checkpoints")
        self.subjects = prepare(self.sessions, self.store)
        self.host = JobHost(folder, database_url)

    def close(self) -> None:
        self.host.close()
        self.engine.dispose()

    def run_undisturbed(self) -> str:
        job_id = queue(self.sessions, self.subjects)
        self.host.start(job_id)
        assert self.host.wait() == 0
        assert self.state(job_id) is JobState.COMPLETED
        return job_id

    def run_with_kills(
        self, kills: int, draw: random.Random, *, not_before: int = 0, restore_random_state: bool = True
    ) -> tuple[str, list[int]]:
        """Kill attempt after attempt; returns the job and, for each kill, how many steps it lost."""
        job_id = queue(self.sessions, self.subjects)
        lost = []
        for _ in range(kills):
            before = self.committed(job_id)
            pid = self.host.start(job_id, restore_random_state=restore_random_state)
            self.wait_beyond(job_id, max(before, not_before))
            time.sleep(draw.random() * LONGEST_DELAY_S)
            os.kill(pid, signal.SIGKILL)
            assert self.host.wait() == -signal.SIGKILL, "the run ended before it could be killed: make it longer"
            lost.append(self.committed(job_id) - self.checkpoint_step(job_id))
            self.bury(job_id)
        self.host.start(job_id, restore_random_state=restore_random_state)
        assert self.host.wait() == 0
        assert self.state(job_id) is JobState.COMPLETED
        return job_id, lost

    def state(self, job_id: str) -> JobState:
        with UnitOfWork(self.sessions) as work:
            return work.jobs.get(job_id).state

    def committed(self, job_id: str) -> int:
        with UnitOfWork(self.sessions) as work:
            return work.steps.count(job_id)

    def wait_beyond(self, job_id: str, step: int) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while self.committed_now(job_id) <= step:
            assert time.monotonic() < deadline
            time.sleep(0.005)

    def committed_now(self, job_id: str) -> int:
        with UnitOfWork(self.sessions) as work:
            return work.jobs.get(job_id).step_committed

    def checkpoint_step(self, job_id: str) -> int:
        """Step of the checkpoint on the disk, without adopting it."""
        newest = max((self.folder / "checkpoints").glob(f"{job_id}.??????????"), default=None)
        return 0 if newest is None else Checkpoint.from_bytes(newest.read_bytes()).step

    def bury(self, job_id: str) -> None:
        """What the reaper does once the lease has run out."""
        with UnitOfWork(self.sessions) as work:
            assert work.leases.expire_now("host:", job_id)
        with UnitOfWork(self.sessions) as work:
            assert [job.state for job in work.leases.expire()] == [JobState.QUEUED]


@pytest.fixture(scope="module")
def scene(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:  # noqa: F811 - above
    folder = tmp_path_factory.mktemp("kill")
    (folder / "secateur.db").write_bytes(sqlite_template.read_bytes())
    scene = Scene(folder, f"sqlite:///{folder / 'secateur.db'}")
    yield scene
    scene.close()


@pytest.fixture(scope="module")
def undisturbed(scene: Scene) -> dict[str, list[Any]]:
    return outcome(scene.sessions, scene.run_undisturbed())


def test_ten_kills_change_neither_weights_nor_history(scene: Scene, undisturbed: dict[str, list[Any]]) -> None:
    job_id, lost = scene.run_with_kills(KILLS, random.Random(SEED))
    assert len(lost) == KILLS
    assert set(lost) <= {0, 1}, f"seed {SEED}: steps redone at each kill {lost}"
    assert outcome(scene.sessions, job_id) == undisturbed
    steps = [row[0] for row in undisturbed["run_step"]]
    assert steps == list(range(1, len(steps) + 1))
    assert undisturbed["artifact"]
    assert not list((scene.folder / "checkpoints").iterdir())


def test_without_the_random_state_the_same_kills_do_change_it(scene: Scene, undisturbed: dict[str, list[Any]]) -> None:
    job_id, _ = scene.run_with_kills(
        CONTROL_KILLS, random.Random(SEED), not_before=CONTROL_STEP, restore_random_state=False
    )
    with_state, _ = scene.run_with_kills(CONTROL_KILLS, random.Random(SEED), not_before=CONTROL_STEP)
    assert outcome(scene.sessions, with_state) == undisturbed
    changed = outcome(scene.sessions, job_id)
    assert changed["run_step"] != undisturbed["run_step"]
    assert changed["artifact"] != undisturbed["artifact"]
