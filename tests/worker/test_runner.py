"""Every way in which a job can end, and that the next one always runs."""

import errno
import logging
import sqlite3
from collections.abc import Callable

import pytest
import torch
from sqlalchemy import update
from sqlalchemy.exc import OperationalError

from backend.db import UnitOfWork
from backend.db.base import database_time
from backend.db.models import DatasetRow, JobRow, ModelRow
from backend.db.repositories.leases import LeaseLost
from backend.domain.errors import DiskFull, FailureCode, JobFailure, NotFound
from backend.domain.jobs import JobKind, JobState
from tests.blobs import sweep_later
from tests.worker.workshop import Bench
from worker.jobs.performance import Performance, Write, write_nothing
from worker.runner import Runner

Perform = Callable[[Performance], Write | None]


def _run(bench: Bench, job_id: str, perform: Perform) -> None:
    Runner(bench.workshop, dict.fromkeys(JobKind, perform)).run(job_id)


def _raise(error: Exception) -> Perform:
    def perform(_performance: Performance) -> Write | None:
        raise error

    return perform


def _succeed(_performance: Performance) -> Write | None:
    return write_nothing


def _until_stopped(performance: Performance) -> Write | None:
    while not performance.should_stop():
        pass
    return None


def test_a_job_that_ends_well_is_completed_with_its_result(bench: Bench) -> None:
    job_id = bench.queue()
    _run(bench, job_id, lambda performance: lambda work: setattr(work.jobs.get(job_id), "name", "done"))
    job = bench.job(job_id)
    assert (job.state, job.name, job.owner) == (JobState.COMPLETED, "done", None)
    assert job.started_at is not None
    assert job.finished_at is not None
    assert [event.data["state"] for event in bench.events("state")] == ["running", "completed"]


def test_a_second_bell_for_the_same_job_does_nothing(bench: Bench) -> None:
    job_id = bench.queue()
    runs: list[str] = []

    def perform(performance: Performance) -> Write | None:
        runs.append(performance.job.id)
        _run(bench, job_id, perform)
        return write_nothing

    _run(bench, job_id, perform)
    _run(bench, job_id, perform)
    _run(bench, "0" * 32, perform)
    assert runs == [job_id]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (JobFailure(FailureCode.DIVERGED, "The loss is not a number.", "Lower it."), FailureCode.DIVERGED),
        (MemoryError(), FailureCode.OUT_OF_MEMORY),
        (torch.OutOfMemoryError("CUDA out of memory"), FailureCode.OUT_OF_MEMORY),
        (OSError(errno.ENOSPC, "No space left on device"), FailureCode.DISK_FULL),
        (DiskFull("The disk is full."), FailureCode.DISK_FULL),
        (
            OperationalError("INSERT", {}, sqlite3.OperationalError("database or disk is full")),
            FailureCode.DISK_FULL,
        ),
        (ZeroDivisionError("secret internals"), FailureCode.INTERNAL_ERROR),
    ],
)
def test_an_error_ends_the_job_with_a_code_and_the_next_job_runs(
    bench: Bench, error: Exception, code: FailureCode
) -> None:
    job_id, next_id = bench.queue(), bench.queue()
    _run(bench, job_id, _raise(error))
    _run(bench, next_id, _succeed)
    job = bench.job(job_id)
    assert (job.state, job.error_code) == (JobState.FAILED, code)
    assert job.error_detail
    assert job.error_detail.endswith(".")
    assert job.error_hint
    assert "secret internals" not in job.error_detail + job.error_hint
    assert bench.job(next_id).state is JobState.COMPLETED


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (DiskFull("The disk is full."), FailureCode.DISK_FULL),
        (NotFound("This operating point has no such file."), FailureCode.INTERNAL_ERROR),
    ],
)
def test_a_result_that_cannot_be_written_is_the_jobs_failure_at_once(
    bench: Bench, error: Exception, code: FailureCode
) -> None:
    job_id = bench.queue()

    def write(work: UnitOfWork) -> None:
        work.jobs.get(job_id).name = "half done"
        raise error

    _run(bench, job_id, lambda _performance: write)
    job = bench.job(job_id)
    assert (job.state, job.error_code, job.name) == (JobState.FAILED, code, "a job")
    assert bench.events("state")[-1].data == {"state": "failed"}


@pytest.mark.parametrize("error", [LeaseLost("gone"), OperationalError("INSERT", {}, Exception("connection closed"))])
def test_a_result_that_may_not_be_written_leaves_the_job_to_the_reaper(bench: Bench, error: Exception) -> None:
    job_id = bench.queue()

    def write(_work: UnitOfWork) -> None:
        raise error

    _run(bench, job_id, lambda _performance: write)
    assert bench.job(job_id).state is JobState.RUNNING


def test_memory_that_really_runs_out_ends_the_job_and_not_the_worker(bench: Bench) -> None:
    job_id, next_id = bench.queue(), bench.queue()

    def perform(_performance: Performance) -> Write | None:
        torch.empty(1 << 50)
        return write_nothing

    _run(bench, job_id, perform)
    _run(bench, next_id, _succeed)
    assert bench.job(job_id).error_code == FailureCode.OUT_OF_MEMORY
    assert bench.job(next_id).state is JobState.COMPLETED


def test_the_traceback_of_an_unexpected_error_is_in_the_log_only(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    job_id = bench.queue()
    with caplog.at_level(logging.ERROR):
        _run(bench, job_id, _raise(ZeroDivisionError("secret internals")))
    assert "secret internals" in caplog.text
    assert job_id in caplog.text


def test_a_refusal_is_one_line_of_the_log(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    job_id = bench.queue()
    with caplog.at_level(logging.INFO):
        _run(bench, job_id, _raise(JobFailure(FailureCode.REJECTED_FILE, "It is no model.", "Send one.")))
    assert f"Job {job_id} failed: It is no model." in caplog.text
    assert "Traceback" not in caplog.text


def test_a_cancelled_job_stops_and_is_cancelled(bench: Bench) -> None:
    job_id = bench.queue()

    def perform(performance: Performance) -> Write | None:
        with bench.workshop.work() as work:
            work.jobs.request_cancel(job_id)
        return _until_stopped(performance)

    _run(bench, job_id, perform)
    assert bench.job(job_id).state is JobState.CANCELLED


def test_a_job_that_finished_before_it_saw_the_cancellation_is_completed(bench: Bench) -> None:
    job_id = bench.queue()

    def perform(_performance: Performance) -> Write | None:
        with bench.workshop.work() as work:
            work.jobs.request_cancel(job_id)
        return write_nothing

    _run(bench, job_id, perform)
    assert bench.job(job_id).state is JobState.COMPLETED


@pytest.mark.parametrize("end", [lambda _performance: write_nothing, _raise(ZeroDivisionError()), _until_stopped])
def test_a_worker_that_lost_its_lease_writes_nothing(bench: Bench, end: Perform) -> None:
    job_id = bench.queue()

    def perform(performance: Performance) -> Write | None:
        with bench.workshop.work() as work:
            work.jobs._session.execute(update(JobRow).values(lease_until=database_time() - 1))
            work.leases.expire()
        with bench.workshop.work() as work:
            assert work.leases.claim(job_id, "another") is not None
        return end(performance)

    _run(bench, job_id, perform)
    job = bench.job(job_id)
    assert (job.state, job.owner, job.error_code) == (JobState.RUNNING, "another", None)
    assert [event.data["state"] for event in bench.events("state")] == ["running"]


def test_a_worker_that_shuts_down_gives_the_job_back_and_rings(bench: Bench) -> None:
    job_id = bench.queue()

    def perform(performance: Performance) -> Write | None:
        bench.shutdown.append(True)
        return _until_stopped(performance)

    _run(bench, job_id, perform)
    job = bench.job(job_id)
    assert (job.state, job.attempt, job.owner) == (JobState.QUEUED, 0, None)
    assert bench.rung == [(job_id, JobKind.PRUNE)]


def test_a_lost_database_leaves_the_job_to_the_reaper(bench: Bench) -> None:
    job_id = bench.queue()
    away = OperationalError("SELECT", {}, Exception("server closed the connection"))
    _run(bench, job_id, _raise(away))
    assert bench.job(job_id).state is JobState.RUNNING


def test_a_rejected_model_says_why_and_its_file_is_removed(bench: Bench) -> None:
    blob = bench.workshop.store.put_bytes(b"evil")
    with bench.workshop.work() as work:
        row = ModelRow(name="m", file_name="m.pt", source="upload", state="inspecting", content_hash=blob.sha256)
        model_id = work.models.add(row).id
    job_id = bench.queue(JobKind.MODEL_INTAKE, model_id=model_id)
    failure = JobFailure(FailureCode.UNSAFE_FILE, "m.pt runs code.", "Save a state dict.")
    _run(bench, job_id, _raise(failure))
    with bench.workshop.work() as work:
        model = work.models.get(model_id)
    assert (model.state, model.error_code, model.error_detail) == ("rejected", "unsafe_file", "m.pt runs code.")
    assert sweep_later(bench.workshop.sessions, bench.workshop.store) == set()
    assert bench.published[-1].kind == "model"


def test_an_upload_outlives_a_failure_that_is_no_verdict_on_it(bench: Bench) -> None:
    blob = bench.workshop.store.put_bytes(b"good")
    with bench.workshop.work() as work:
        row = ModelRow(name="m", file_name="m.pt", source="upload", state="inspecting", content_hash=blob.sha256)
        model_id = work.models.add(row).id
        data = DatasetRow(name="d", title="d", source="upload", state="preparing", file_hash=blob.sha256)
        dataset_id = work.datasets.add(data).id
    for kind, subject in (
        (JobKind.MODEL_INTAKE, {"model_id": model_id}),
        (JobKind.DATASET_INTAKE, {"dataset_id": dataset_id}),
    ):
        _run(bench, bench.queue(kind, **subject), _raise(OSError(errno.ENOSPC, "No space left on device")))
    with bench.workshop.work() as work:
        model, dataset = work.models.get(model_id), work.datasets.get(dataset_id)
    for failed in (model, dataset):
        assert (failed.state, failed.error_code) == ("failed", "disk_full")
        assert (failed.error_hint or "").endswith("The uploaded file is kept: try again.")
    assert (model.content_hash, dataset.file_hash) == (blob.sha256, blob.sha256)
    assert sweep_later(bench.workshop.sessions, bench.workshop.store) == {blob.sha256}


@pytest.mark.parametrize(
    ("error", "stays"), [(JobFailure(FailureCode.DIVERGED, "It broke.", "Lower it."), True), (MemoryError(), False)]
)
def test_only_a_run_that_diverged_leaves_its_last_checkpoint(bench: Bench, error: Exception, stays: bool) -> None:
    job_id = bench.queue()

    def perform(performance: Performance) -> Write | None:
        bench.workshop.store.save_checkpoint(job_id, b"good", epoch=performance.claim.epoch)
        raise error

    _run(bench, job_id, perform)
    assert bench.job(job_id).state is JobState.FAILED
    left = [file.read_bytes() for file in bench.workshop.settings.checkpoints.iterdir()]
    assert left == ([b"good"] if stays else [])


def test_a_finished_job_leaves_no_checkpoint(bench: Bench) -> None:
    job_id = bench.queue()

    def perform(performance: Performance) -> Write | None:
        bench.workshop.store.save_checkpoint(job_id, b"state", epoch=performance.claim.epoch)
        return write_nothing

    _run(bench, job_id, perform)
    assert list(bench.workshop.settings.checkpoints.iterdir()) == []
