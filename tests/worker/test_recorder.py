"""What the engine reports becomes rows, checkpoints and files, in the right order."""

import pytest
import torch
from sqlalchemy import update

from backend.db.base import database_time
from backend.db.models import JobRow
from backend.db.repositories.leases import Claim, LeaseLost
from backend.domain.errors import DiskFull
from backend.domain.point_details import PointDetails
from tests.db.values import LAYOUT, point, scores, step
from tests.worker.workshop import Bench
from worker.engine.checkpoint import Checkpoint
from worker.recorder import PointFile, Recorder

FILE = PointFile("model.py", b"import torch\n", "text/x-python")
GRAPH = b"{}"


@pytest.fixture
def claim(bench: Bench) -> Claim:
    job_id = bench.queue()
    with bench.workshop.work() as work:
        claim = work.leases.claim(job_id, bench.workshop.owner)
    assert claim is not None
    return claim


def _checkpoint(number: int) -> Checkpoint:
    return Checkpoint(number, {"weight": torch.full((3,), float(number))}, {"place": number})


def _record(recorder: Recorder, first: int, last: int) -> None:
    for number in range(first, last + 1):
        recorder.step(step(number))
        recorder.checkpoint(_checkpoint(number))


def _take_away(bench: Bench) -> None:
    with bench.workshop.work() as work:
        work.jobs._session.execute(update(JobRow).values(lease_until=database_time() - 1))
        work.leases.expire()


def _load(bench: Bench, claim: Claim) -> Checkpoint:
    data = bench.workshop.store.load_checkpoint(claim.job_id, epoch=claim.epoch)
    assert data is not None
    return Checkpoint.from_bytes(data)


def test_steps_and_checkpoints_are_durable_when_the_recorder_closes(bench: Bench, claim: Claim) -> None:
    with Recorder(bench.workshop, claim) as recorder:
        recorder.started(LAYOUT, 0)
        _record(recorder, 1, 5)
    with bench.workshop.work() as work:
        assert work.steps.list_after(claim.job_id) == [step(number) for number in range(1, 6)]
    job = bench.job(claim.job_id)
    assert (job.layout, job.step_committed, job.progress, job.phase) == (LAYOUT, 5, 0.05, "prune")
    assert job.seconds_left is not None
    assert _load(bench, claim).step == 5


def test_history_never_lags_behind_the_checkpoint(bench: Bench, claim: Claim) -> None:
    with Recorder(bench.workshop, claim) as recorder:
        recorder.started(LAYOUT, 0)
        for number in range(1, 8):
            _record(recorder, number, number)
            recorder.drain()
            with bench.workshop.work() as work:
                assert work.steps.count(claim.job_id) == number
            assert _load(bench, claim).step == number


def test_a_resumed_attempt_forgets_what_lies_beyond_its_checkpoint(bench: Bench, claim: Claim) -> None:
    with Recorder(bench.workshop, claim) as recorder:
        recorder.started(LAYOUT, 0)
        _record(recorder, 1, 4)
        recorder.point(point(1, at_step=4), [FILE], GRAPH)
    with Recorder(bench.workshop, claim) as recorder:
        recorder.started(LAYOUT, 3)
    with bench.workshop.work() as work:
        assert work.steps.count(claim.job_id) == 3
        assert not work.points.list_all(claim.job_id)
    assert bench.job(claim.job_id).step_committed == 3


def test_a_point_comes_with_its_files_and_after_its_history(bench: Bench, claim: Claim) -> None:
    with Recorder(bench.workshop, claim) as recorder:
        recorder.started(LAYOUT, 0)
        _record(recorder, 1, 2)
        recorder.point(point(1, at_step=2), [FILE], GRAPH, PointDetails(scores=scores(1)))
        with bench.workshop.work() as work:
            assert work.steps.count(claim.job_id) == 2
            assert work.points.find_scores(claim.job_id, 1) == scores(1)
            row = work.points.get(claim.job_id, 1)
            (artifact,) = row.artifacts
    assert (artifact.name, artifact.size, artifact.media_type) == (FILE.name, len(FILE.data), FILE.media_type)
    assert bench.workshop.store.read(artifact.sha256) == FILE.data
    assert bench.workshop.store.read(row.graph_hash or "") == GRAPH
    assert [event.data for event in bench.events("point")] == [{"index": 1}]


def test_steps_are_announced_seldom_and_only_after_they_are_committed(bench: Bench, claim: Claim) -> None:
    with Recorder(bench.workshop, claim) as recorder:
        recorder.started(LAYOUT, 0)
        _record(recorder, 1, 20)
    announced = bench.events("step")
    assert 1 <= len(announced) < 20
    assert announced[0].data["step"] == 1


def test_a_lost_lease_stops_the_run_at_the_next_checkpoint_and_leaves_no_trace(bench: Bench, claim: Claim) -> None:
    def record() -> None:
        with Recorder(bench.workshop, claim) as recorder:
            recorder.started(LAYOUT, 0)
            _take_away(bench)
            _record(recorder, 1, 2)

    with pytest.raises(LeaseLost):
        record()
    with bench.workshop.work() as work:
        assert work.steps.count(claim.job_id) == 0
    assert bench.workshop.store.load_checkpoint(claim.job_id, epoch=claim.epoch) is None


def test_a_lost_lease_publishes_no_point(bench: Bench, claim: Claim) -> None:
    recorder = Recorder(bench.workshop, claim)
    recorder.started(LAYOUT, 0)
    _take_away(bench)
    with pytest.raises(LeaseLost):
        recorder.point(point(1, at_step=0), [FILE], GRAPH)
    with bench.workshop.work() as work:
        assert not work.points.list_all(claim.job_id)
    assert bench.events("point") == []


def test_a_full_disk_is_noticed_and_the_last_checkpoint_stays(
    bench: Bench, claim: Claim, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Recorder(bench.workshop, claim) as recorder:
        recorder.started(LAYOUT, 0)
        _record(recorder, 1, 2)
        recorder.drain()
        monkeypatch.setattr(type(bench.workshop.store), "free_bytes", lambda _store: 10)
        recorder.step(step(3))
        recorder.checkpoint(_checkpoint(3))
        with pytest.raises(DiskFull):
            recorder.drain()
        monkeypatch.undo()
    assert _load(bench, claim).step == 2
