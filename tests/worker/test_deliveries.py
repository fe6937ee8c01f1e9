"""What jobs make of an operating point after its run: files in other formats, and measured latency."""

import hashlib
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import onnx
import pytest
import torch
from sqlalchemy import update

from backend.db import create_engine, create_sessions
from backend.db.models import JobRow, PointRow
from backend.domain.delivery import DeliveryOrder, Format
from backend.domain.errors import FailureCode, JobFailure
from backend.domain.jobs import JobKind, JobState
from tests.blobs import sweep_later
from tests.databases import sqlite_template  # noqa: F401 - a fixture
from tests.faults.jobs import prepare, queue
from tests.worker.workshop import Bench, make_bench
from worker.jobs import deliveries
from worker.jobs.table import PERFORMERS
from worker.runner import Runner

TARGET = 2


@pytest.fixture(scope="module")
def pruned(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Bench, str]]:  # noqa: F811
    """A finished pruning run of a small network, as the worker leaves it."""
    folder = tmp_path_factory.mktemp("deliveries")
    (folder / "secateur.db").write_bytes(sqlite_template.read_bytes())
    engine = create_engine(f"sqlite:///{folder / 'secateur.db'}")
    bench = make_bench(create_sessions(engine), folder)
    run_id = queue(bench.workshop.sessions, prepare(bench.workshop.sessions, bench.workshop.store))
    work_on(bench, run_id)
    assert bench.job(run_id).state is JobState.COMPLETED
    yield bench, run_id
    engine.dispose()


def work_on(bench: Bench, job_id: str) -> JobRow:
    Runner(bench.workshop, PERFORMERS).run(job_id)
    return bench.job(job_id)


def order(bench: Bench, run_id: str, wanted: Format | None, index: int = TARGET) -> str:
    with bench.workshop.work() as work:
        job = work.jobs.add(JobRow(kind=JobKind.DELIVERY, name="a delivery"))
        work.deliveries.add(job, run_id, DeliveryOrder(point_index=index, format=wanted))
        return job.id


def point(bench: Bench, run_id: str, index: int = TARGET) -> PointRow:
    with bench.workshop.work() as work:
        return work.points.get(run_id, index)


def read(bench: Bench, row: PointRow, name: str) -> bytes:
    (artifact,) = [artifact for artifact in row.artifacts if artifact.name == name]
    return bench.workshop.store.read(artifact.sha256)


def manifest(bench: Bench, run_id: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(read(bench, point(bench, run_id), "manifest.json"))
    return told


def test_the_end_of_a_run_orders_the_latency_of_its_target(pruned: tuple[Bench, str]) -> None:
    bench, run_id = pruned
    with bench.workshop.work() as work:
        ((wanted, delivery),) = work.deliveries.newest_of_run(run_id).items()
    assert (wanted.point_index, wanted.format, delivery.job.state) == (TARGET, None, JobState.QUEUED)
    assert bench.rung[-1] == (delivery.job.id, JobKind.DELIVERY)
    assert work_on(bench, delivery.job.id).state is JobState.COMPLETED
    report = point(bench, run_id).latency
    assert report is not None
    assert report.host.threads == bench.workshop.settings.threads
    assert {(row.runtime, row.batch) for row in report.rows} | {(gap.runtime, gap.batch) for gap in report.gaps} == {
        (runtime, batch) for runtime in ("torch", "onnxruntime") for batch in (1, 64)
    }
    for row in report.rows:
        assert row.dense.lower_ms <= row.dense.median_ms <= row.dense.upper_ms
        assert row.lower_speedup <= row.latency_speedup <= row.upper_speedup
    assert manifest(bench, run_id)["latency"] == report.model_dump(mode="json")
    assert bench.events("point")[-1].data == {"index": TARGET}


@pytest.mark.parametrize("wanted", [Format.EXPORTED_PROGRAM, Format.ONNX])
def test_a_format_becomes_a_file_of_the_point_and_stands_in_its_manifest(
    pruned: tuple[Bench, str], wanted: Format
) -> None:
    bench, run_id = pruned
    before = hashlib.sha256(read(bench, point(bench, run_id), "manifest.json")).hexdigest()
    job = work_on(bench, order(bench, run_id, wanted))
    assert (job.state, job.error_detail) == (JobState.COMPLETED, None)
    name = f"model.{wanted}"
    data = read(bench, point(bench, run_id), name)
    told = manifest(bench, run_id)
    assert told["files"][name] == {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
    assert {"model.safetensors", "model.py", "recipe.json"} <= set(told["files"])
    assert before not in sweep_later(bench.workshop.sessions, bench.workshop.store)


def test_an_onnx_model_is_checked_on_the_whole_test_split(pruned: tuple[Bench, str]) -> None:
    bench, run_id = pruned
    assert work_on(bench, order(bench, run_id, Format.ONNX, index=1)).state is JobState.COMPLETED
    row = point(bench, run_id, 1)
    (facts,) = [artifact.facts for artifact in row.artifacts if artifact.name == "model.onnx"]
    assert facts is not None
    check = facts.onnx_check
    assert check is not None
    assert (check.data, check.examples, check.available, check.agreement) == ("test split", 359, 359, 1.0)
    assert check.largest_difference <= 1e-4
    told = json.loads(read(bench, row, "manifest.json"))
    assert told["checks"]["model.onnx"] == check.model_dump(mode="json")
    model = onnx.load(io.BytesIO(read(bench, row, "model.onnx")))
    assert json.loads(model.metadata_props[0].value)["input_scaling"] == told["input_scaling"]


def test_a_failed_format_is_a_sentence_and_leaves_the_other_files(
    pruned: tuple[Bench, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    bench, run_id = pruned
    before = {artifact.name: artifact.sha256 for artifact in point(bench, run_id, 0).artifacts}

    def refuse(*_arguments: object, **_options: object) -> None:
        raise torch.onnx.errors.OnnxExporterError("No translation of aten.frobnicate.\nTrace ...")

    monkeypatch.setattr(torch.onnx, "export", refuse)
    job = work_on(bench, order(bench, run_id, Format.ONNX, index=0))
    assert (job.state, job.error_code) == (JobState.FAILED, FailureCode.EXPORT_FAILED)
    assert job.error_detail == "The network cannot be written as an ONNX model: No translation of aten.frobnicate."
    assert "model.safetensors" in (job.error_hint or "")
    assert {artifact.name: artifact.sha256 for artifact in point(bench, run_id, 0).artifacts} == before


def test_latency_is_measured_in_torch_where_there_is_no_onnx_model(
    pruned: tuple[Bench, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    bench, run_id = pruned
    failure = JobFailure(FailureCode.EXPORT_FAILED, "The network cannot be written as an ONNX model.", "")

    def refuse(_subject: object) -> bytes:
        raise failure

    monkeypatch.setattr(deliveries, "make_onnx", refuse)
    job = work_on(bench, order(bench, run_id, None, index=1))
    assert job.state is JobState.COMPLETED
    report = point(bench, run_id, 1).latency
    assert report is not None
    assert {gap.reason for gap in report.gaps if gap.runtime == "onnxruntime"} == {failure.detail}
    assert "torch" in {row.runtime for row in report.rows} | {gap.runtime for gap in report.gaps}


def test_a_point_from_before_its_network_was_kept_says_so(pruned: tuple[Bench, str]) -> None:
    bench, run_id = pruned
    with bench.workshop.work() as work:
        kept = work.points.get(run_id, 1).graph_hash
        work.points._session.execute(update(PointRow).where(PointRow.index == 1).values(graph_hash=None))
    job = work_on(bench, order(bench, run_id, Format.EXPORTED_PROGRAM, index=1))
    assert (job.state, job.error_code) == (JobState.FAILED, FailureCode.DATA_UNAVAILABLE)
    assert "Repeat the run" in (job.error_hint or "")
    with bench.workshop.work() as work:
        work.points._session.execute(update(PointRow).where(PointRow.index == 1).values(graph_hash=kept))


def test_a_delivery_whose_order_is_gone_ends(pruned: tuple[Bench, str]) -> None:
    bench, _ = pruned
    job = work_on(bench, bench.queue(JobKind.DELIVERY))
    assert (job.state, job.error_code) == (JobState.FAILED, FailureCode.DATA_UNAVAILABLE)
