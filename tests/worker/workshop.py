"""A workshop with a real database and store, and a broker that only remembers."""

from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy.orm import Session, sessionmaker

from backend.db.models import JobRow
from backend.domain.jobs import JobKind
from backend.queue import LiveEvent
from backend.storage import ArtifactStore
from worker.settings import WorkerSettings
from worker.workshop import Workshop


@dataclass
class Bench:
    """A workshop, and what left it."""

    workshop: Workshop
    rung: list[tuple[str, JobKind]]
    published: list[LiveEvent]
    shutdown: list[bool] = field(default_factory=list)

    def queue(self, kind: JobKind = JobKind.PRUNE, **columns: object) -> str:
        """Queue a job; returns its id."""
        with self.workshop.work() as work:
            return work.jobs.add(JobRow(kind=kind, name="a job", **columns)).id

    def job(self, job_id: str) -> JobRow:
        """The job as it stands."""
        with self.workshop.work() as work:
            return work.jobs.get(job_id)

    def events(self, event_type: str) -> list[LiveEvent]:
        """Published events of one type."""
        return [event for event in self.published if event.type == event_type]


def make_bench(sessions: sessionmaker[Session], folder: Path) -> Bench:
    """A bench whose store lies in `folder`."""
    rung: list[tuple[str, JobKind]] = []
    published: list[LiveEvent] = []
    shutdown: list[bool] = []
    workshop = Workshop(
        settings=WorkerSettings(data=folder, device="cpu", threads=1),
        sessions=sessions,
        store=ArtifactStore((folder / "artifacts").as_uri(), folder / "checkpoints"),
        owner="host:1:2",
        ring=lambda job_id, kind: rung.append((job_id, kind)),
        publish=published.append,
        is_shutting_down=lambda: bool(shutdown),
    )
    return Bench(workshop, rung, published, shutdown)
