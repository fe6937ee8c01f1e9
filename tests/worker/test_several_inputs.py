"""The whole way of a network with tokens and a vector: uploads, intake, run, ONNX."""

import io

import numpy as np
import torch

from backend.db.models import DatasetRow, JobRow, ModelRow
from backend.domain.delivery import DeliveryOrder, Format
from backend.domain.jobs import JobKind, JobState
from tests.engine.several_inputs import TOKENS, Words, sentences
from tests.faults.jobs import RECIPE
from tests.intake.exported_programs import exported
from tests.worker.workshop import Bench
from worker.jobs.table import PERFORMERS
from worker.runner import Runner


def saved() -> bytes:
    """The dataset as an author saves it, who calls the second input what `forward` calls it."""
    data, out = sentences(), io.BytesIO()
    arrays = {"y_train": data.train.labels, "y_test": data.test.labels}
    for part, examples in (("train", data.train), ("test", data.test)):
        vector, tokens = examples.inputs
        arrays |= {f"x_{part}_tokens": tokens.long(), f"x_{part}_input": vector}
    np.savez(out, **{name: array.numpy() for name, array in arrays.items()})
    return out.getvalue()


def test_a_network_with_tokens_is_uploaded_pruned_and_delivered(bench: Bench) -> None:
    torch.manual_seed(0)
    program = exported(Words(), (torch.zeros(2, TOKENS, dtype=torch.int64), torch.zeros(2, 3)))
    model_id, dataset_id = _upload(bench, program, saved())
    with bench.workshop.work() as work:
        model, dataset = work.models.get(model_id), work.datasets.get(dataset_id)
    told = [(info.name, info.shape, info.type, info.rows) for info in model.summary.inputs]
    assert told == [("tokens", (6,), "int64", 20), ("input_1", (3,), "float32", None)]
    held = {array.name: (array.shape, array.type, array.smallest, array.largest) for array in dataset.summary.inputs}
    assert held["tokens"] == ((6,), "uint8", 0, 19)
    assert held["input_1"][:2] == ((3,), "float32")

    run = _order(bench, model_id, dataset_id)
    assert bench.job(run).state is JobState.COMPLETED
    with bench.workshop.work() as work:
        target = work.points.last_of([run])[run].index
        job = work.jobs.add(JobRow(kind=JobKind.DELIVERY, name="a delivery"))
        work.deliveries.add(job, run, DeliveryOrder(point_index=target, format=Format.ONNX))
        delivery = job.id
    Runner(bench.workshop, PERFORMERS).run(delivery)
    assert bench.job(delivery).state is JobState.COMPLETED
    with bench.workshop.work() as work:
        point = work.points.get(run, target)
    (check,) = [artifact.facts.onnx_check for artifact in point.artifacts if artifact.name == "model.onnx"]
    assert (check.data, check.examples, check.agreement) == ("test split", 40, 1.0)


def _upload(bench: Bench, program: bytes, arrays: bytes) -> tuple[str, str]:
    """Model and dataset, through the intake."""
    store = bench.workshop.store
    model = {"file_name": "words.pt2", "content_hash": store.put_bytes(program).sha256}
    dataset = {"file_name": "words.npz", "file_hash": store.put_bytes(arrays).sha256}
    with bench.workshop.work() as work:
        model_id = work.models.add(ModelRow(name="words", source="upload", state="inspecting", **model)).id
        dataset_id = work.datasets.add(
            DatasetRow(name="words", title="words", source="upload", state="preparing", **dataset)
        ).id
    for job in (
        bench.queue(JobKind.MODEL_INTAKE, model_id=model_id),
        bench.queue(JobKind.DATASET_INTAKE, dataset_id=dataset_id),
    ):
        Runner(bench.workshop, PERFORMERS).run(job)
        assert bench.job(job).state is JobState.COMPLETED, bench.job(job).error_detail
    return model_id, dataset_id


def _order(bench: Bench, model_id: str, dataset_id: str) -> str:
    target = RECIPE.target.model_copy(update={"sparsity": 0.3})
    recipe = RECIPE.model_copy(update={"target": target})
    subjects = {"model_id": model_id, "dataset_id": dataset_id}
    job = bench.queue(**subjects, recipe=recipe, recipe_fingerprint=recipe.fingerprint())
    Runner(bench.workshop, PERFORMERS).run(job)
    return job
