"""Composition root of the workers: settings become a Celery application that runs jobs.

`python -m worker.main worker --queues runs ...` starts Celery's own command line with it. SIGTERM is left at Celery's
warm shutdown: the running job is told through shared memory, gives its lease back after the current optimizer step,
and the worker ends as soon as it has; Celery's soft shutdown would always sleep its whole time limit.
"""

import gc
import logging
import mmap
import os
import signal
import socket
import sys
from collections.abc import Mapping
from typing import Any

from celery import Celery, bootsteps, signals
from celery.exceptions import WorkerLostError

from backend.db import create_engine, create_sessions
from backend.domain.jobs import JobKind
from backend.queue import Doorbell, EventPublisher, celery_config
from backend.services.reaper import SWEEP_S, Reaper
from backend.storage import ArtifactStore
from worker.jobs.performance import Performer
from worker.jobs.table import PERFORMERS
from worker.processes import die_with_parent
from worker.runner import Runner
from worker.settings import WorkerSettings
from worker.tasks import register
from worker.workshop import Workshop

_LOG = logging.getLogger(__name__)


class WorkerProcess:
    """One Celery worker: its main process watches, a child process per job works."""

    def __init__(self, settings: WorkerSettings, performers: Mapping[JobKind, Performer]) -> None:
        self._settings = settings
        self._performers = performers
        self._main_pid = os.getpid()
        self._shutting_down = mmap.mmap(-1, 1)
        """Shared with the children that are forked later."""
        self._runner: Runner | None = None

    @property
    def owner_prefix(self) -> str:
        """How the owners of this worker's leases begin."""
        return f"{socket.gethostname()}:{self._main_pid}:"

    def run_job(self, job_id: str) -> None:
        """In the child: run a job."""
        if self._runner is None:
            self._runner = Runner(self._workshop(), self._performers)
        self._runner.run(job_id)

    def enter_child(self, **_signal: object) -> None:
        """In the child, before its job: end with the main process, whatever happens to that."""
        die_with_parent(self._main_pid, signal.SIGKILL)

    def note_shutdown(self, **_signal: object) -> None:
        """In the main process: let the running job know."""
        self._shutting_down[0] = 1

    def note_failure(self, exception: BaseException, args: tuple[Any, ...], **_signal: object) -> None:
        """In the main process: a child that was killed cannot give its lease back, so that is done for it."""
        if isinstance(exception, WorkerLostError) and args and isinstance(args[0], str):
            _LOG.warning("The process of job %s died: %s", args[0], exception)
            self.reaper().bury(self.owner_prefix, args[0])

    def reaper(self) -> Reaper:
        """A reaper for the main process; its connections end with every sweep, because this process forks."""
        sessions = create_sessions(create_engine(self._settings.database_url, is_pooled=False))
        return Reaper(sessions, Doorbell(self._settings.broker_url), EventPublisher(self._settings.broker_url))

    def _workshop(self) -> Workshop:
        settings = self._settings
        return Workshop(
            settings=settings,
            sessions=create_sessions(create_engine(settings.database_url)),
            store=ArtifactStore(settings.store_url, settings.checkpoints),
            owner=f"{self.owner_prefix}{os.getpid()}",
            ring=Doorbell(settings.broker_url).ring,
            publish=EventPublisher(settings.broker_url).publish,
            is_shutting_down=lambda: self._shutting_down[0] == 1,
        )


def create_app(settings: WorkerSettings, performers: Mapping[JobKind, Performer] = PERFORMERS) -> Celery:
    """The Celery application of a worker."""
    process = WorkerProcess(settings, performers)
    app = Celery("secateur")
    app.conf.update(celery_config(settings.broker_url))
    register(app, process.run_job)
    app.steps["worker"].add(_reaper_step(process))
    app.secateur = process  # keeps the receivers below alive: Celery holds them weakly
    signals.worker_process_init.connect(process.enter_child)
    signals.worker_shutting_down.connect(process.note_shutdown)
    signals.task_failure.connect(process.note_failure)
    return app


def _reaper_step(process: WorkerProcess) -> type[bootsteps.StartStopStep]:
    class ReaperStep(bootsteps.StartStopStep):  # type: ignore[misc]  # celery has no types
        """Sweeps from the main process's own timer: no thread that a fork could tear apart."""

        requires = frozenset({"celery.worker.components:Timer"})

        def start(self, worker: Any) -> None:
            self.timer = worker.timer.call_repeatedly(SWEEP_S, process.reaper().sweep)

        def stop(self, _worker: Any) -> None:
            self.timer.cancel()

    return ReaperStep


def main() -> None:
    """Run Celery's command line with this worker's application."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    app = create_app(WorkerSettings())
    gc.freeze()  # what is loaded by now is shared with every job's process, and never looked through again
    app.worker_main(sys.argv[1:])


if __name__ == "__main__":
    main()
