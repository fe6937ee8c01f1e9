"""What is to be made of an operating point, and how it stands."""

from collections.abc import Callable

import pytest
from sqlalchemy import Engine, inspect, text

from backend.db import UnitOfWork, migrate
from backend.db.models import ArtifactRow, JobRow
from backend.domain.delivery import DeliveryOrder, FileFacts, Format, LatencyHost, LatencyReport, OnnxCheck
from backend.domain.jobs import JobKind, JobState
from tests.db.values import point

Open = Callable[[], UnitOfWork]
HASH, GRAPH = "ab" * 32, "cd" * 32
ONNX = DeliveryOrder(point_index=1, format=Format.ONNX)
LATENCY = DeliveryOrder(point_index=1)
CHECK = OnnxCheck(
    data="test split", opset=20, runtime_version="1", examples=10, available=10, largest_difference=1e-7, agreement=1.0
)  # fmt: skip
HOST = LatencyHost(
    processor="a", processor_count=2, threads=2, system="Linux", torch_version="2", onnxruntime_version="1", load=None
)  # fmt: skip


@pytest.fixture
def run_id(unit_of_work: Open) -> str:
    """A finished run with one operating point and one file."""
    with unit_of_work() as work:
        run = work.jobs.add(JobRow(kind=JobKind.PRUNE, name="a run", state=JobState.COMPLETED)).id
        work.points.put(run, point(1, at_step=3), GRAPH)
        file = ArtifactRow(name="manifest.json", sha256=HASH, size=3, media_type="application/json")
        work.artifacts.replace(run, 1, [file])
    return run


def order(open_work: Open, run_id: str, wanted: DeliveryOrder, state: JobState = JobState.QUEUED) -> str:
    with open_work() as work:
        job = work.jobs.add(JobRow(kind=JobKind.DELIVERY, name="a delivery", state=state))
        work.deliveries.add(job, run_id, wanted)
        return job.id


def test_an_order_is_found_while_it_is_carried_out(unit_of_work: Open, run_id: str) -> None:
    order(unit_of_work, run_id, ONNX, JobState.FAILED)
    with unit_of_work() as work:
        assert work.deliveries.find_active(run_id, ONNX) is None
    job_id = order(unit_of_work, run_id, ONNX)
    with unit_of_work() as work:
        found = work.deliveries.find_active(run_id, ONNX)
        assert found is not None
        assert found.id == job_id
        assert work.deliveries.find_active(run_id, LATENCY) is None
        assert work.deliveries.find_active(run_id, ONNX.model_copy(update={"point_index": 0})) is None


def test_the_newest_job_of_every_order_counts(unit_of_work: Open, run_id: str) -> None:
    order(unit_of_work, run_id, ONNX, JobState.FAILED)
    newest = order(unit_of_work, run_id, ONNX, JobState.RUNNING)
    measured = order(unit_of_work, run_id, LATENCY)
    with unit_of_work() as work:
        found = work.deliveries.newest_of_run(run_id)
    assert {wanted: delivery.job.id for wanted, delivery in found.items()} == {ONNX: newest, LATENCY: measured}


def test_deliveries_are_no_runs_and_go_with_their_run(unit_of_work: Open, run_id: str) -> None:
    job_id = order(unit_of_work, run_id, ONNX, JobState.RUNNING)
    with unit_of_work() as work:
        assert [row.id for row in work.jobs.list_runs(10)] == [run_id]
        work.deliveries.delete_of_run(run_id)
        work.jobs.delete(run_id)
    with unit_of_work() as work:
        assert work.jobs.find(job_id) is None
        assert work.deliveries.find(job_id) is None


def test_the_graph_of_a_point_is_a_blob_of_its_run(unit_of_work: Open, run_id: str) -> None:
    with unit_of_work() as work:
        assert work.artifacts.hashes_of_run(run_id) == {HASH, GRAPH}
        work.artifacts.drop({GRAPH})
        assert [blob.is_named for blob in work.artifacts.list_dropped()] == [True]
        work.jobs.delete(run_id)
        assert [blob.is_named for blob in work.artifacts.list_dropped()] == [False]


def test_a_file_is_put_in_place_of_an_earlier_one(unit_of_work: Open, run_id: str) -> None:
    for sha256, facts in ((HASH, None), (GRAPH, FileFacts(onnx_check=CHECK))):
        row = ArtifactRow(
            job_id=run_id, point_index=1, name="model.onnx", sha256=sha256, size=5, media_type="a/b", facts=facts
        )
        with unit_of_work() as work:
            work.artifacts.put(row)
    with unit_of_work() as work:
        found = work.artifacts.find(run_id, 1, "model.onnx")
        assert found is not None
        assert (found.sha256, found.facts) == (GRAPH, FileFacts(onnx_check=CHECK))
        assert work.artifacts.find(run_id, 1, "model.pt2") is None


def test_a_measurement_stays_with_its_point(unit_of_work: Open, run_id: str) -> None:
    report = LatencyReport(host=HOST, rows=(), gaps=(), seconds=1.5)
    with unit_of_work() as work:
        work.points.get(run_id, 1).latency = report
    with unit_of_work() as work:
        assert work.points.get(run_id, 1).latency == report


def test_going_back_keeps_the_points_and_drops_the_deliveries(
    unit_of_work: Open, run_id: str, engine: Engine, database_url: str
) -> None:
    order(unit_of_work, run_id, ONNX)
    engine.dispose()
    migrate.downgrade(database_url, "0001")
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM operating_point")).scalar() == 1
        assert connection.execute(text("SELECT kind FROM job")).scalars().all() == ["prune"]
        assert not inspect(connection).has_table("delivery")
    migrate.upgrade(database_url)
    with unit_of_work() as work:
        assert [row.index for row in work.points.list_all(run_id)] == [1]
