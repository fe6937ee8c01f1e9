"""What a use case may touch: the open transaction, and the world beyond the database."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

from backend.db import UnitOfWork
from backend.db.models import JobRow
from backend.domain.jobs import JobKind
from backend.queue import LiveEvent
from backend.services.uploads import UploadFolder
from backend.storage import ArtifactStore


@dataclass(frozen=True)
class Outside:
    """Everything a use case needs beside the database; made once, in the composition root."""

    store: ArtifactStore
    uploads: UploadFolder
    ring: Callable[[str, JobKind], object]
    """Rings the workers' doorbell for a job; never raises for an absent broker (the reaper rings again)."""
    publish: Callable[[LiveEvent], object]
    """Tells listening browsers what changed; never raises for an absent broker."""


@dataclass(frozen=True)
class Scope:
    """One request's transaction and the world around it."""

    work: UnitOfWork
    outside: Outside

    def queue(self, row: JobRow) -> JobRow:
        """Queue a job; the bell rings once the transaction is committed."""
        job = self.work.jobs.add(row)
        self.work.after_commit(partial(self.outside.ring, job.id, job.kind))
        return job

    def announce(self, kind: Literal["run", "model", "dataset"], subject_id: str, state: str) -> None:
        """Tell listening browsers about a new state once the transaction is committed."""
        event = LiveEvent(type="state", kind=kind, id=subject_id, data={"state": state})
        self.work.after_commit(partial(self.outside.publish, event))
