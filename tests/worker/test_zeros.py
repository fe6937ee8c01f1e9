"""A run that sets single weights to zero, through the worker: its history, its files, and what is said of them."""

import io
import json
from collections.abc import Iterator
from pathlib import Path

import onnx
import onnx.numpy_helper
import pytest
import torch
from safetensors.torch import load as load_tensors

from backend.db import create_engine, create_sessions
from backend.domain.delivery import Format
from backend.domain.jobs import JobKind, JobState
from backend.domain.presets import PRESETS
from backend.domain.retraining import Retrain
from tests.databases import sqlite_template  # noqa: F401 - a fixture
from tests.faults.jobs import RECIPE, prepare, queue
from tests.worker.test_deliveries import order, point, read, work_on
from tests.worker.workshop import Bench, make_bench

LAMP = PRESETS["lamp2021"].recipe
SPARSE = LAMP.model_copy(
    update={
        "prune": LAMP.prune.model_copy(update={"points": 2, "dead_channels": "keep"}),
        "retrain": Retrain(epochs=1),
        "data": RECIPE.data,
    }
)


@pytest.fixture(scope="module")
def sparse(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Bench, str]]:  # noqa: F811
    """A finished run of single weights, as the worker leaves it."""
    folder = tmp_path_factory.mktemp("zeros")
    (folder / "secateur.db").write_bytes(sqlite_template.read_bytes())
    engine = create_engine(f"sqlite:///{folder / 'secateur.db'}")
    bench = make_bench(create_sessions(engine), folder)
    run_id = queue(bench.workshop.sessions, prepare(bench.workshop.sessions, bench.workshop.store), SPARSE)
    work_on(bench, run_id)
    job = bench.job(run_id)
    assert (job.state, job.error_detail) == (JobState.COMPLETED, None)
    yield bench, run_id
    engine.dispose()


def test_no_latency_is_measured_and_the_manifest_says_why(sparse: tuple[Bench, str]) -> None:
    bench, run_id = sparse
    with bench.workshop.work() as work:
        assert not work.deliveries.newest_of_run(run_id)
    assert JobKind.DELIVERY not in [kind for _, kind in bench.rung]
    row = point(bench, run_id)
    assert row.zeros is not None
    told = json.loads(read(bench, row, "manifest.json"))
    assert told["notice"] == row.zeros.notice
    finished = told["operating_point"]
    assert finished["zeros"]["count"] == row.zeros.count
    assert (finished["nonzero_macs"], finished["nonzero_parameters"]) == (row.macs, row.parameters)
    assert not {"macs", "parameters"} & set(finished)
    in_files = (told["network"]["macs"], told["network"]["parameters"])
    assert in_files == (row.zeros.file_macs, row.zeros.file_parameters)
    assert in_files > (row.macs, row.parameters)


def test_the_history_tells_how_many_weights_each_layer_keeps(sparse: tuple[Bench, str]) -> None:
    bench, run_id = sparse
    with bench.workshop.work() as work:
        layout = work.jobs.get_run(run_id).layout
        steps = work.steps.list_after(run_id, 0, 1000)
    assert layout is not None
    assert layout.granularity == "unstructured"
    row = point(bench, run_id)
    assert row.zeros is not None
    assert steps[-1].zeros == row.zeros
    assert steps[-1].sparsities(layout) == pytest.approx(
        [1 - left / layer.dense_weights for left, layer in zip(row.zeros.left, layout.layers, strict=True)]
    )


def test_every_format_holds_the_zeros_and_computes_what_the_worker_computes(sparse: tuple[Bench, str]) -> None:
    bench, run_id = sparse
    for wanted in (Format.ONNX, Format.EXPORTED_PROGRAM):
        job = work_on(bench, order(bench, run_id, wanted))
        assert (job.state, job.error_detail) == (JobState.COMPLETED, None)
    row = point(bench, run_id)
    assert row.zeros is not None
    weights = {
        name: tensor for name, tensor in load_tensors(read(bench, row, "model.safetensors")).items() if tensor.dim() > 1
    }
    assert sum(int((tensor == 0).sum()) for tensor in weights.values()) == row.zeros.count
    (facts,) = [artifact.facts for artifact in row.artifacts if artifact.name == "model.onnx"]
    assert facts is not None
    assert facts.onnx_check is not None
    assert facts.onnx_check.agreement == 1.0
    stored = onnx.load(io.BytesIO(read(bench, row, "model.onnx"))).graph.initializer
    held = {item.name: torch.from_numpy(onnx.numpy_helper.to_array(item).copy()) for item in stored}
    assert sum(int((tensor == 0).sum()) for tensor in held.values() if tensor.dim() > 1) == row.zeros.count
    program = torch.export.load(io.BytesIO(read(bench, row, "model.pt2")))
    assert all(torch.equal(program.state_dict[name], tensor) for name, tensor in weights.items())
