"""Deliveries: the formats of an operating point and its measured latency, as they stand and as they are ordered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from backend.db.models import ArtifactRow, JobRow, PointRow
from backend.db.repositories.deliveries import Delivery
from backend.domain.delivery import FILE_NAMES, DeliveryOrder, FileFacts, Format, LatencyReport
from backend.domain.errors import Conflict
from backend.domain.jobs import JobKind, JobState
from backend.services.scope import Scope

Standing: TypeAlias = Literal["absent", "queued", "running", "failed", "ready"]
"""How something stands that is made on demand."""
_TITLES = {Format.SAFETENSORS: "safetensors", Format.EXPORTED_PROGRAM: "exported program", Format.ONNX: "ONNX"}


@dataclass(frozen=True)
class FileEntry:
    """One file of an operating point."""

    name: str
    size: int
    sha256: str
    facts: FileFacts | None


@dataclass(frozen=True)
class FormatEntry:
    """A format of an operating point: its file once it is ready, the failed job where it could not be made."""

    format: Format
    standing: Standing
    file: FileEntry | None
    failed: JobRow | None


@dataclass(frozen=True)
class LatencyEntry:
    """The latency of an operating point; an earlier report stays while a new one is measured."""

    standing: Standing
    report: LatencyReport | None
    failed: JobRow | None


def describe_files(point: PointRow) -> list[FileEntry]:
    """All files of a point, by name."""
    return [_file(row) for row in point.artifacts]


def describe_formats(point: PointRow, deliveries: Mapping[DeliveryOrder, Delivery]) -> Sequence[FormatEntry]:
    """Every format, made or not."""
    files = {row.name: row for row in point.artifacts}
    entries = []
    for wanted in Format:
        row = files.get(FILE_NAMES[wanted])
        job = _job(deliveries, DeliveryOrder(point_index=point.index, format=wanted))
        standing = _standing(job, is_there=row is not None)
        failed = job if standing == "failed" else None
        entries.append(FormatEntry(wanted, standing, None if row is None else _file(row), failed))
    return entries


def describe_latency(point: PointRow, deliveries: Mapping[DeliveryOrder, Delivery]) -> LatencyEntry:
    """The measured latency, or how far its measurement is."""
    job = _job(deliveries, DeliveryOrder(point_index=point.index))
    is_busy = job is not None and not job.state.is_final
    standing = _standing(job, is_there=point.latency is not None and not is_busy)
    return LatencyEntry(standing, point.latency, job if standing == "failed" else None)


def order_format(scope: Scope, run_id: str, index: int, wanted: Format) -> None:
    """Queue the making of a file, unless it is there or on its way.

    Raises `NotFound`, `Conflict` for a point whose network was not kept.
    """
    scope.work.jobs.get_run(run_id)
    point = scope.work.points.get(run_id, index)
    if FILE_NAMES[wanted] in {row.name for row in point.artifacts}:
        return
    _order(scope, point, DeliveryOrder(point_index=index, format=wanted), f"{_TITLES[wanted]} of point {index}")


def order_latency(scope: Scope, run_id: str, index: int) -> None:
    """Queue a measurement, unless one is on its way; it takes the place of an earlier one.

    Raises `NotFound`, `Conflict` for the dense network (every other point is measured beside it), for a point that
    kept its shapes, and for one whose network was not kept.
    """
    scope.work.jobs.get_run(run_id)
    point = scope.work.points.get(run_id, index)
    if index == 0:
        raise Conflict(
            "This is the dense network: the latency of every other operating point is measured beside it.",
            hint="Measure one of the other operating points.",
        )
    known = point.to_domain()
    if known.zeros is not None and known.keeps_shapes:
        raise Conflict(
            f"There is nothing to measure: zeros inside a dense tensor save no time. {known.zeros.notice}",
            hint="Prune whole channels (prune.granularity `channel`) when speed is the goal.",
        )
    _order(scope, point, DeliveryOrder(point_index=index), f"Latency of operating point {index}")


def _order(scope: Scope, point: PointRow, order: DeliveryOrder, name: str) -> None:
    if point.graph_hash is None:
        raise Conflict(
            "This operating point is from before its network was kept, so nothing more can be made of it.",
            hint="Its safetensors and source are complete. Repeat the run to have the rest.",
        )
    if scope.work.deliveries.find_active(point.job_id, order) is None:
        job = scope.queue(JobRow(kind=JobKind.DELIVERY, name=name))
        scope.work.deliveries.add(job, point.job_id, order)


def _job(deliveries: Mapping[DeliveryOrder, Delivery], order: DeliveryOrder) -> JobRow | None:
    found = deliveries.get(order)
    return None if found is None else found.job


def _standing(job: JobRow | None, *, is_there: bool) -> Standing:
    if is_there:
        return "ready"
    if job is None:
        return "absent"
    standings: dict[JobState, Standing] = {
        JobState.QUEUED: "queued",
        JobState.RUNNING: "running",
        JobState.FAILED: "failed",
    }
    return standings.get(job.state, "absent")


def _file(row: ArtifactRow) -> FileEntry:
    return FileEntry(row.name, row.size, row.sha256, row.facts)
