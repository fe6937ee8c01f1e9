"""Histories, points, artifacts, models, datasets and sessions come back as they were written."""

from collections.abc import Callable

import pytest
from sqlalchemy import Engine, select, update
from sqlalchemy.exc import InvalidRequestError

from backend.db import UnitOfWork
from backend.db.base import database_time
from backend.db.models import ArtifactRow, DatasetRow, JobRow, ModelRow, PointRow, SessionRow
from backend.domain.errors import Conflict, FailureCode, JobFailure, NotFound
from backend.domain.first_layers import InputMap
from backend.domain.jobs import JobKind, JobState
from backend.domain.network import ArchitectureMatch
from backend.domain.point_details import PointDetails
from backend.domain.presets import PRESETS
from backend.domain.reports import Zeros
from backend.domain.sampling import SampleOrder
from backend.domain.weight_bits import WeightBits
from tests.db.values import LAYOUT, point, scores, step

Open = Callable[[], UnitOfWork]
HASH = "ab" * 32
OTHER_HASH = "cd" * 32


@pytest.fixture
def job_id(unit_of_work: Open) -> str:
    with unit_of_work() as work:
        return work.jobs.add(JobRow(kind=JobKind.PRUNE, name="a run")).id


def test_domain_values_survive_the_database(unit_of_work: Open) -> None:
    recipe = PRESETS["theis2018-fisher"].recipe
    order = SampleOrder(architecture="lenet5")
    with unit_of_work() as work:
        row = JobRow(kind=JobKind.PRUNE, name="a", recipe=recipe, sample_order=order, layout=LAYOUT)
        job_id = work.jobs.add(row).id
    with unit_of_work() as work:
        read = work.jobs.get(job_id)
    assert (read.recipe, read.sample_order, read.layout, read.kind) == (recipe, order, LAYOUT, JobKind.PRUNE)
    assert read.created_at.tzinfo is not None


def test_scores_are_found_by_point_or_of_the_last_one_that_tells(unit_of_work: Open, job_id: str) -> None:
    with unit_of_work() as work:
        for index, told in enumerate((None, scores(1), scores(2), None)):
            work.points.put(job_id, point(index, at_step=index), details=PointDetails(scores=told))
    with unit_of_work() as work:
        assert work.points.find_scores(job_id) == work.points.find_scores(job_id, 2) == scores(2)
        assert work.points.find_scores(job_id, 1) == scores(1)
        assert [work.points.find_scores(job_id, index) for index in (0, 3, 9)] == [None] * 3
        assert work.points.find_scores("0" * 32) is None


def test_first_layers_are_found_by_point_and_never_come_with_a_list(unit_of_work: Open, job_id: str) -> None:
    shown = (InputMap(layer="fc1", inputs=("x",), shape=(2,), size=(2,), fold=1, is_input=True, dense=3, has_zeros=True,
                      counts=(1, 0), norms=(0.5, 0.0)),)  # fmt: skip
    with unit_of_work() as work:
        work.points.put(job_id, point(0, at_step=0))
        work.points.put(job_id, point(1, at_step=3), details=PointDetails(first_layers=shown))
    with unit_of_work() as work:
        assert work.points.first_layers(job_id, 1) == shown
        assert work.points.first_layers(job_id, 0) == ()
        with pytest.raises(NotFound, match="no operating point 2"):
            work.points.first_layers(job_id, 2)
        with pytest.raises(InvalidRequestError, match="raise"):
            _ = work.points.list_all(job_id)[1].first_layers


def test_a_point_written_twice_is_there_once_with_its_files(unit_of_work: Open, job_id: str) -> None:
    file = ArtifactRow(name="model.py", sha256=HASH, size=3, media_type="text/x-python")
    for _ in range(2):
        with unit_of_work() as work:
            work.points.put(job_id, point(1, at_step=3))
            work.artifacts.replace(job_id, 1, [file])
    with unit_of_work() as work:
        rows = work.points.list_all(job_id)
        assert [row.to_domain() for row in rows] == [point(1, at_step=3)]
        assert [artifact.name for artifact in rows[0].artifacts] == ["model.py"]
        assert work.artifacts.get(job_id, 1, "model.py").sha256 == HASH
        with pytest.raises(NotFound):
            work.artifacts.get(job_id, 1, "other.py")
        with pytest.raises(NotFound):
            work.points.get(job_id, 2)


def test_a_point_keeps_what_is_known_of_its_zeros(unit_of_work: Open, job_id: str) -> None:
    zeros = Zeros(count=60, prunable=80, left=(15, 5), compressed_bytes=300)
    sparse = point(1, at_step=3).model_copy(update={"zeros": zeros})
    with unit_of_work() as work:
        work.points.put(job_id, sparse)
    with unit_of_work() as work:
        assert work.points.get(job_id, 1).to_domain() == sparse
        assert work.points.get(job_id, 1).to_domain().zeros == zeros


def test_nothing_is_loaded_behind_ones_back(unit_of_work: Open, job_id: str, engine: Engine) -> None:
    with unit_of_work() as work:
        work.points.put(job_id, point(1, at_step=3))
    with unit_of_work() as work:
        row = work.points._session.scalars(select(PointRow)).one()
        with pytest.raises(InvalidRequestError, match="raise"):
            _ = row.artifacts


def test_a_point_keeps_the_bits_that_its_weights_need(unit_of_work: Open, job_id: str) -> None:
    known = point(1, at_step=3).model_copy(update={"weight_bits": WeightBits(layers=(None, 7), bytes=210)})
    with unit_of_work() as work:
        work.points.put(job_id, known)
    with unit_of_work() as work:
        assert work.points.get(job_id, 1).to_domain().weight_bits == known.weight_bits


def test_a_deleted_run_takes_history_points_and_files_along(unit_of_work: Open, job_id: str) -> None:
    with unit_of_work() as work:
        work.steps.add_all(job_id, [step(1)], LAYOUT)
        work.points.put(job_id, point(1, at_step=1))
        work.artifacts.replace(job_id, 1, [ArtifactRow(name="a", sha256=HASH, size=1, media_type="text/plain")])
    with pytest.raises(Conflict), unit_of_work() as work:
        work.jobs.delete(job_id)
    with unit_of_work() as work:
        work.jobs.request_cancel(job_id)
        assert work.artifacts.hashes_of_run(job_id) == {HASH}
        work.jobs.delete(job_id)
        work.artifacts.drop({HASH, None})
    with unit_of_work() as work:
        assert work.jobs.find(job_id) is None
        assert work.steps.count(job_id) == 0
        assert work.artifacts.hashes_of_run(job_id) == set()
        assert [(blob.sha256, blob.is_named) for blob in work.artifacts.list_dropped()] == [(HASH, False)]


def test_a_blob_that_any_row_names_is_still_wanted(unit_of_work: Open) -> None:
    with unit_of_work() as work:
        work.models.add(ModelRow(name="m", file_name="m.pt", source="upload", state="inspecting", content_hash=HASH))
        work.artifacts.drop({HASH, OTHER_HASH})
        work.artifacts.drop({None})
        dropped = work.artifacts.list_dropped()
        assert {blob.sha256: blob.is_named for blob in dropped} == {HASH: True, OTHER_HASH: False}
        work.artifacts.forget_dropped([blob.id for blob in dropped])
        assert work.artifacts.list_dropped() == []


def test_runs_are_listed_newest_first_and_intakes_are_not_runs(unit_of_work: Open) -> None:
    ids = []
    for kind in (JobKind.PRUNE, JobKind.MODEL_INTAKE, JobKind.SAMPLE):
        with unit_of_work() as work:
            ids.append(work.jobs.add(JobRow(kind=kind, name=kind)).id)
    with unit_of_work() as work:
        assert [row.id for row in work.jobs.list_runs(10)] == [ids[2], ids[0]]
        assert [row.id for row in work.jobs.list_runs(1, offset=1)] == [ids[0]]
        assert work.jobs.count_runs() == 2
        assert work.jobs.count_runs(JobState.COMPLETED) == 0
        with pytest.raises(NotFound):
            work.jobs.get_run(ids[1])


def test_a_deleted_model_leaves_its_runs_and_takes_its_inspections(unit_of_work: Open) -> None:
    with unit_of_work() as work:
        model = work.models.add(ModelRow(name="m", file_name="m.pt", source="upload", state="ready"))
        run = work.jobs.add(JobRow(kind=JobKind.PRUNE, name="run", model_id=model.id))
        intake = work.jobs.add(JobRow(kind=JobKind.MODEL_INTAKE, name="look", model_id=model.id))
        assert work.jobs.count_active(model_id=model.id) == 2
    with unit_of_work() as work:
        work.models.delete(model.id)
    with unit_of_work() as work:
        assert work.jobs.get(run.id).model_id is None
        assert work.jobs.find(intake.id) is None


def test_a_rejected_model_says_why_and_keeps_its_matches(unit_of_work: Open) -> None:
    match = ArchitectureMatch(architecture="lenet5", title="LeNet-5", input_shape=(1, 28, 28), class_count=10)
    with unit_of_work() as work:
        row = ModelRow(name="m", file_name="m.pt", source="upload", state="choosing", matches=(match,))
        model_id = work.models.add(row).id
    with unit_of_work() as work:
        assert work.models.get(model_id).matches == (match,)
        failure = JobFailure(FailureCode.UNSAFE_FILE, "It runs code.", "Save a state dict.")
        work.models.fail(model_id, failure, state="rejected")
    with unit_of_work() as work:
        row = work.models.get(model_id)
    assert (row.state, row.error_code, row.error_hint) == ("rejected", "unsafe_file", "Save a state dict.")


def test_datasets_are_found_by_name(unit_of_work: Open) -> None:
    with unit_of_work() as work:
        row = DatasetRow(name="digits", title="Digits", source="builtin", state="preparing")
        dataset_id = work.datasets.add(row).id
    with unit_of_work() as work:
        found = work.datasets.find_by_name("digits")
        assert found is not None
        assert found.id == dataset_id
        assert work.datasets.find_by_name("other") is None
        work.datasets.delete(dataset_id)
    with pytest.raises(NotFound), unit_of_work() as work:
        work.datasets.get(dataset_id)


def test_a_login_code_opens_one_session(unit_of_work: Open) -> None:
    with unit_of_work() as work:
        work.sessions.add_code(HASH)
    with unit_of_work() as work:
        assert not work.sessions.redeem_code(OTHER_HASH)
        assert work.sessions.redeem_code(HASH)
        assert not work.sessions.redeem_code(HASH)


def test_a_session_ends_when_it_is_closed_or_idle(unit_of_work: Open, engine: Engine) -> None:
    with unit_of_work() as work:
        work.sessions.add(HASH, "admin")
        work.sessions.add(OTHER_HASH, "admin")
    with engine.begin() as connection:
        idle = update(SessionRow).where(SessionRow.token_hash == OTHER_HASH)
        connection.execute(idle.values(seen_at=database_time() - 13 * 3600))
    with unit_of_work() as work:
        assert work.sessions.find(OTHER_HASH) is None
        session = work.sessions.find(HASH)
        assert session is not None
        assert session.user == "admin"
        work.sessions.delete(HASH)
    with unit_of_work() as work:
        assert work.sessions.find(HASH) is None
        work.sessions.purge()
