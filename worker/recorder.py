"""What the engine reports becomes rows, checkpoints and files; every write is fenced by the claim."""

import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from backend.db.models import ArtifactRow
from backend.db.repositories.leases import Claim
from backend.domain.point_details import PointDetails
from backend.domain.reports import OperatingPoint, RunLayout, StepRecord
from backend.queue import LiveEvent
from worker.engine.checkpoint import Checkpoint
from worker.workshop import Workshop

PUBLISH_S = 0.5
"""A run announces steps at most so often; operating points and states at once."""
_NO_DETAILS = PointDetails()


@dataclass(frozen=True)
class PointFile:
    """One file of an operating point, as it is stored."""

    name: str
    data: bytes
    media_type: str


class Recorder:
    """Records one attempt at a run.

    Steps are committed together with the checkpoint that follows them, by a thread, at most one at a time: the
    engine computes step k + 1 while step k is written, so a process that dies loses at most one finished step.
    History always reaches at least as far as the checkpoint; what lies beyond is trimmed at the next attempt.
    """

    def __init__(self, workshop: Workshop, claim: Claim) -> None:
        self._workshop = workshop
        self._claim = claim
        self._layout: RunLayout | None = None
        self._pending: list[StepRecord] = []
        self._writer = ThreadPoolExecutor(1, f"writer {claim.job_id}")
        self._in_flight: Future[None] | None = None
        self._pace = _Pace()
        self._published = -PUBLISH_S

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.shutdown(wait=True)
        if kind is None:
            self.drain()

    def started(self, layout: RunLayout, resumed_step: int) -> None:
        """Note the run's layers; forget history beyond the checkpoint that this attempt starts from."""
        self._layout = layout
        with self._workshop.work() as work:
            work.leases.write(self._claim, layout=layout, step_committed=resumed_step)
            work.steps.trim(self._claim.job_id, resumed_step)
            work.points.trim(self._claim.job_id, resumed_step)

    def step(self, record: StepRecord) -> None:
        """Keep a step for the checkpoint that follows it."""
        self._pending.append(record)

    def checkpoint(self, checkpoint: Checkpoint) -> None:
        """Serialize now (the engine goes on to change its tensors), write in the background.

        Raises what the write before this one ran into: `LeaseLost`, `DiskFull`.
        """
        data = checkpoint.to_bytes()
        self.drain()
        records, self._pending = self._pending, []
        self._in_flight = self._writer.submit(self._write, records, data)

    def point(
        self, point: OperatingPoint, files: list[PointFile], graph: bytes, details: PointDetails = _NO_DETAILS
    ) -> None:
        """Store an operating point with its files and its network's graph; the history up to it is there first."""
        self.drain()
        graph_hash = self._workshop.store.put_bytes(graph).sha256
        blobs = [(file, self._workshop.store.put_bytes(file.data)) for file in files]
        job_id = self._claim.job_id
        with self._workshop.work() as work:
            work.leases.write(self._claim, **_figures_of_point(point))
            work.points.put(job_id, point, graph_hash, details)
            rows = [
                ArtifactRow(name=file.name, sha256=blob.sha256, size=blob.size, media_type=file.media_type)
                for file, blob in blobs
            ]
            work.artifacts.replace(job_id, point.index, rows)
        self._workshop.publish(LiveEvent(type="point", kind="run", id=job_id, data={"index": point.index}))

    def drain(self) -> None:
        """Wait for the write in flight, and raise what it ran into."""
        future, self._in_flight = self._in_flight, None
        if future is not None:
            future.result()

    def _write(self, records: list[StepRecord], data: bytes) -> None:
        if records and self._layout is not None:
            with self._workshop.work() as work:
                work.leases.write(self._claim, **self._figures(records[-1]))
                work.steps.add_all(self._claim.job_id, records, self._layout)
        self._workshop.store.save_checkpoint(self._claim.job_id, data, epoch=self._claim.epoch)
        if records and time.monotonic() - self._published >= PUBLISH_S:
            self._published = time.monotonic()
            self._workshop.publish(_step_event(self._claim.job_id, records[-1]))

    def _figures(self, record: StepRecord) -> dict[str, object]:
        names = ("phase", "progress", "loss", "accuracy", "sparsity", "macs", "parameters")
        figures = {name: getattr(record, name) for name in names}
        return {**figures, "step_committed": record.step, "seconds_left": self._pace.seconds_left(record.progress)}


class _Pace:
    """How long the rest takes, from this attempt's own progress."""

    def __init__(self) -> None:
        self._start: tuple[float, float] | None = None

    def seconds_left(self, progress: float) -> float | None:
        now = time.monotonic()
        if self._start is None:
            self._start = (now, progress)
        started, first = self._start
        if progress <= first:
            return None
        return (now - started) * (1.0 - progress) / (progress - first)


def _figures_of_point(point: OperatingPoint) -> dict[str, object]:
    return {"sparsity": point.sparsity, "macs": point.macs, "parameters": point.parameters}


def _step_event(job_id: str, record: StepRecord) -> LiveEvent:
    data = record.model_dump(mode="json", include={"step", "phase", "progress", "loss", "accuracy", "sparsity"})
    return LiveEvent(type="step", kind="run", id=job_id, data=data)
