"""Everything a job's process works with; made once per process, in the composition root."""

from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy.orm import Session, sessionmaker

from backend.db import UnitOfWork
from backend.domain.jobs import JobKind
from backend.queue import LiveEvent
from backend.storage import ArtifactStore
from worker.settings import WorkerSettings


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Workshop:
    """The database, the store, the broker's two ends, and whether the worker is told to stop."""

    settings: WorkerSettings
    sessions: sessionmaker[Session]
    store: ArtifactStore
    owner: str
    """Who holds the leases: `host:worker's process:job's process`."""
    ring: Callable[[str, JobKind], object]
    publish: Callable[[LiveEvent], object]
    is_shutting_down: Callable[[], bool] = field(default=_never)

    def work(self) -> UnitOfWork:
        """A transaction."""
        return UnitOfWork(self.sessions)
