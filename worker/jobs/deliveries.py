"""Deliveries: further files of an operating point, and its measured latency, made after the run."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch

from backend.db import UnitOfWork
from backend.db.models import ArtifactRow, DatasetRow, JobRow, PointRow
from backend.domain.delivery import FILE_NAMES, MANIFEST, DeliveryOrder, Format, LatencyReport
from backend.domain.errors import FailureCode, JobFailure
from backend.domain.jobs import JobKind
from backend.queue import LiveEvent
from worker.data import from_neutral
from worker.delivery.formats import MadeFile, Subject, make_file, make_onnx
from worker.delivery.latency import Contestant, measure_latency
from worker.delivery.manifest import read_scaling, to_json, with_file, with_latency
from worker.delivery.onnx_check import CheckInputs, random_examples, test_split
from worker.engine.failures import memory_failures
from worker.engine.feeding import feed
from worker.engine.network import NetworkFiles, load
from worker.jobs.files import media_type
from worker.jobs.performance import Performance, Write
from worker.workshop import Workshop

_GONE = JobFailure(
    FailureCode.DATA_UNAVAILABLE, "The run is not there any more.", "Start another run, and order the file there."
)
_TOO_OLD = JobFailure(
    FailureCode.DATA_UNAVAILABLE,
    "This operating point is from before its network was kept, so nothing more can be made of it.",
    "Its safetensors and source are complete. Repeat the run to have the other formats.",
)


@dataclass(frozen=True)
class _Place:
    """The operating point that a delivery is for."""

    run_id: str
    order: DeliveryOrder
    point: PointRow
    dense: PointRow
    dataset: DatasetRow | None


def deliver(performance: Performance) -> Write | None:
    """Make one file of an operating point, or measure its latency beside the dense network."""
    workshop = performance.workshop
    with workshop.work() as work:
        place = _place(work, performance.job)
    torch.set_num_threads(workshop.settings.threads)
    with memory_failures():
        if place.order.format is None:
            return _measure(performance, place)
        subject = _subject(workshop, place.point)
        if performance.should_stop():
            return None
        inputs = _check_inputs(workshop, place, subject)
        made = make_file(place.order.format, subject, inputs, workshop.settings.threads)
    blob = workshop.store.put_bytes(made.data)
    row = ArtifactRow(
        job_id=place.run_id,
        point_index=place.order.point_index,
        name=made.name,
        sha256=blob.sha256,
        size=blob.size,
        media_type=media_type(made.name),
        facts=made.facts,
    )
    return partial(_write_file, workshop=workshop, row=row, made=made)


def order_measurement(work: UnitOfWork, workshop: Workshop, run_id: str, point_index: int) -> None:
    """Queue the measurement of a point's latency; the bell rings after the commit."""
    job = work.jobs.add(JobRow(kind=JobKind.DELIVERY, name=f"Latency of operating point {point_index}"))
    work.deliveries.add(job, run_id, DeliveryOrder(point_index=point_index))
    work.after_commit(lambda: workshop.ring(job.id, job.kind))


def _place(work: UnitOfWork, job: JobRow) -> _Place:
    row = work.deliveries.find(job.id)
    run = None if row is None else work.jobs.find(row.run_id)
    if row is None or run is None:
        raise _GONE
    return _Place(
        run_id=run.id,
        order=DeliveryOrder(point_index=row.point_index, format=row.format),
        point=work.points.get(run.id, row.point_index),
        dense=work.points.get(run.id, 0),
        dataset=work.datasets.find(run.dataset_id or ""),
    )


def _measure(performance: Performance, place: _Place) -> Write | None:
    workshop = performance.workshop
    contestants = []
    for point in (place.dense, place.point):
        subject = _subject(workshop, point)
        contestants.append(Contestant(subject.network, _onnx(workshop, point, subject)))
        if performance.should_stop():
            return None
    dense, thin = contestants
    report = measure_latency(dense, thin, workshop.settings.threads)
    return partial(_write_latency, workshop=workshop, place=place, report=report)


def _subject(workshop: Workshop, point: PointRow) -> Subject:
    hashes = {artifact.name: artifact.sha256 for artifact in point.artifacts}
    weights, manifest = hashes.get(FILE_NAMES[Format.SAFETENSORS]), hashes.get(MANIFEST)
    if point.graph_hash is None or weights is None or manifest is None:
        raise _TOO_OLD
    files = NetworkFiles(workshop.store.read(point.graph_hash).decode(), workshop.store.read(weights))
    return Subject(load(files), read_scaling(json.loads(workshop.store.read(manifest))))


def _onnx(workshop: Workshop, point: PointRow, subject: Subject) -> bytes | str:
    """The point's ONNX model, made for the occasion where there is none; the reason where it cannot be made."""
    kept = [artifact.sha256 for artifact in point.artifacts if artifact.name == FILE_NAMES[Format.ONNX]]
    if kept:
        return workshop.store.read(kept[0])
    try:
        return make_onnx(subject)
    except JobFailure as failure:
        return failure.detail


def _check_inputs(workshop: Workshop, place: _Place, subject: Subject) -> CheckInputs:
    if place.dataset is None or place.dataset.tensors_hash is None:
        return random_examples(subject.network)
    dataset = from_neutral(workshop.store.read(place.dataset.tensors_hash))
    return test_split(feed(subject.network, dataset), subject.scaling)


def _write_file(work: UnitOfWork, workshop: Workshop, row: ArtifactRow, made: MadeFile) -> None:
    work.artifacts.put(row)
    _rewrite_manifest(work, workshop, (row.job_id, row.point_index), partial(_add_file, made=made))


def _write_latency(work: UnitOfWork, workshop: Workshop, place: _Place, report: LatencyReport) -> None:
    index = place.order.point_index
    work.points.get(place.run_id, index).latency = report
    _rewrite_manifest(work, workshop, (place.run_id, index), partial(with_latency, report=report))


def _add_file(manifest: dict[str, Any], made: MadeFile) -> dict[str, Any]:
    return with_file(manifest, made.name, made.data, made.facts)


def _rewrite_manifest(
    work: UnitOfWork, workshop: Workshop, place: tuple[str, int], change: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    """Change a point's manifest under its lock, and tell listening browsers once that is committed."""
    run_id, index = place
    row = work.artifacts.find(run_id, index, MANIFEST)
    if row is not None:
        before = row.sha256
        blob = workshop.store.put_bytes(to_json(change(json.loads(workshop.store.read(before)))))
        row.sha256, row.size = blob.sha256, blob.size
        work.artifacts.drop({before})
    event = LiveEvent(type="point", kind="run", id=run_id, data={"index": index})
    work.after_commit(lambda: workshop.publish(event))
