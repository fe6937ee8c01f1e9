"""Intake jobs: what becomes of models and datasets."""

from pathlib import Path

import numpy as np
import pytest

from backend.db.models import DatasetRow, ModelRow
from backend.domain.errors import FailureCode, JobFailure
from backend.domain.jobs import JobKind, JobState
from backend.domain.network import ArchitectureMatch
from tests.blobs import sweep_later
from tests.worker.workshop import Bench
from worker.data import LabeledExamples, to_neutral
from worker.engine.network import Network, dump, load, summarize
from worker.intake.outcome import Choice, Ready
from worker.jobs import intakes
from worker.jobs.table import PERFORMERS
from worker.runner import Runner
from worker.zoo.fresh import initialize


@pytest.fixture(scope="module")
def network() -> Network:
    return initialize("mlp", (1, 4, 4), 3, 0, (5,))


def _model(bench: Bench, content: bytes = b"a file", choice: ArchitectureMatch | None = None) -> tuple[str, str]:
    """A model under inspection; returns its id and its job's."""
    blob = bench.workshop.store.put_bytes(content)
    with bench.workshop.work() as work:
        row = ModelRow(
            name="m",
            file_name="../weird name.pt",
            source="upload",
            state="inspecting",
            content_hash=blob.sha256,
            choice=choice,
        )
        model_id = work.models.add(row).id
    return model_id, bench.queue(JobKind.MODEL_INTAKE, model_id=model_id)


def _dataset(bench: Bench, **columns: object) -> tuple[str, str]:
    """A dataset in preparation; returns its id and its job's."""
    with bench.workshop.work() as work:
        dataset_id = work.datasets.add(DatasetRow(title="data", state="preparing", **columns)).id
    return dataset_id, bench.queue(JobKind.DATASET_INTAKE, dataset_id=dataset_id)


def _run(bench: Bench, job_id: str) -> None:
    Runner(bench.workshop, PERFORMERS).run(job_id)


def test_a_recognized_model_becomes_ready_in_its_neutral_form(
    bench: Bench, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[bytes, str, object]] = []

    def inspect(file: Path, choice: object, *, name: str, allow_unsandboxed: bool) -> Ready:
        seen.append((file.read_bytes(), file.name, name, choice, allow_unsandboxed))
        return Ready(dump(network), summarize(network))

    monkeypatch.setattr(intakes, "inspect_model", inspect)
    model_id, job_id = _model(bench)
    _run(bench, job_id)
    with bench.workshop.work() as work:
        model = work.models.get(model_id)
    assert bench.job(job_id).state is JobState.COMPLETED
    assert (model.state, model.summary) == ("ready", summarize(network))
    assert seen == [(b"a file", "weird_name.pt", "../weird name.pt", None, False)]
    assert model.graph_hash is not None
    assert model.weights_hash is not None
    store = bench.workshop.store
    files = dump(network)
    assert (store.read(model.graph_hash).decode(), store.read(model.weights_hash)) == (files.graph, files.weights)
    load(files)


def test_an_ambiguous_model_asks_the_user(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    match = ArchitectureMatch(architecture="mlp", title="MLP", input_shape=(1, 4, 4), class_count=3)
    monkeypatch.setattr(intakes, "inspect_model", lambda _file, _choice, **_options: Choice((match,)))
    model_id, job_id = _model(bench)
    _run(bench, job_id)
    with bench.workshop.work() as work:
        model = work.models.get(model_id)
    assert (model.state, model.matches) == ("choosing", (match,))


def test_a_file_that_is_gone_is_named_as_such(bench: Bench) -> None:
    model_id, job_id = _model(bench)
    with bench.workshop.work() as work:
        work.models.get(model_id).content_hash = None
    _run(bench, job_id)
    with bench.workshop.work() as work:
        model = work.models.get(model_id)
    assert (model.state, model.error_code) == ("rejected", "rejected_file")


def test_a_built_in_dataset_is_prepared_and_its_examples_are_a_picture(bench: Bench) -> None:
    dataset_id, job_id = _dataset(bench, name="digits", source="builtin")
    _run(bench, job_id)
    with bench.workshop.work() as work:
        dataset = work.datasets.get(dataset_id)
    assert dataset.state == "ready"
    assert dataset.summary is not None
    assert dataset.summary.class_count == 10
    assert dataset.examples_hash is not None
    assert bench.workshop.store.read(dataset.examples_hash).startswith(b"\x89PNG")


def test_a_built_in_dataset_that_cannot_be_had_has_failed_and_may_be_tried_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load_builtin(*_arguments: object) -> LabeledExamples:
        raise JobFailure(FailureCode.DATA_UNAVAILABLE, "The files are nowhere.", "Put them into a folder.")

    monkeypatch.setattr(intakes, "load_builtin", load_builtin)
    dataset_id, job_id = _dataset(bench, name="digits", source="builtin")
    _run(bench, job_id)
    with bench.workshop.work() as work:
        dataset = work.datasets.get(dataset_id)
    assert (dataset.state, dataset.error_code) == ("failed", "data_unavailable")


def test_an_uploaded_dataset_leaves_only_its_neutral_form(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = np.arange(6 * 16, dtype=np.uint8).reshape(6, 1, 4, 4)
    labels = np.array([0, 1, 2, 0, 1, 2])
    data = LabeledExamples.of_one_input(pixels, labels, pixels, labels, ("a", "b", "c"))
    monkeypatch.setattr(intakes, "inspect_dataset", lambda _file, **_options: to_neutral(data))
    uploaded = bench.workshop.store.put_bytes(b"npz")
    columns = {"name": "mine", "source": "upload", "file_name": "mine.npz", "file_hash": uploaded.sha256}
    dataset_id, job_id = _dataset(bench, **columns)
    _run(bench, job_id)
    with bench.workshop.work() as work:
        dataset = work.datasets.get(dataset_id)
    assert (dataset.state, dataset.file_hash) == ("ready", None)
    assert sweep_later(bench.workshop.sessions, bench.workshop.store) == {dataset.tensors_hash, dataset.examples_hash}
