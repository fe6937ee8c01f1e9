"""Forks a process per job attempt, as the Celery worker does, so that no attempt pays for importing torch.

Reads requests (JSON lines) and answers with the process id, then with the exit status, of the forked attempt.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

import torch

from backend.db import create_engine, create_sessions
from backend.storage import ArtifactStore
from worker.engine.batches import Batches
from worker.engine.seeds import Generators
from worker.jobs.table import PERFORMERS
from worker.runner import Runner
from worker.settings import WorkerSettings
from worker.workshop import Workshop


def _nothing(*_arguments: object) -> None:
    return None


def _restore_position_only(batches: Batches, _epoch_state: torch.Tensor, position: int) -> None:
    batches._position = position


def _attempt(request: dict[str, Any]) -> None:
    """One attempt at a job, in the forked process."""
    if not request["restore_random_state"]:
        Generators.restore = _nothing  # type: ignore[method-assign]  # the negative control
        Batches.restore = _restore_position_only  # type: ignore[method-assign]
    settings = WorkerSettings(data=Path(request["data"]), device="cpu", threads=1)
    engine = create_engine(request["database_url"])
    workshop = Workshop(
        settings=settings,
        sessions=create_sessions(engine),
        store=ArtifactStore(settings.store_url, settings.checkpoints),
        owner=f"host:{os.getpid()}:1",
        ring=_nothing,
        publish=_nothing,
    )
    Runner(workshop, PERFORMERS).run(request["job_id"])


def main() -> None:
    """Serve until the input ends."""
    torch.set_num_threads(1)
    for line in sys.stdin:
        request = json.loads(line)
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                _attempt(request)
                status = 0
            finally:
                os._exit(status)
        print(pid, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


if __name__ == "__main__":
    main()
