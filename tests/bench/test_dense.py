"""Dense networks of a comparison, and the early weights that methods are rewound to."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from backend.domain.comparison import Cell
from backend.domain.recipe import Recipe
from tests.bench.test_bench import PER_EPOCH, compare, plan
from tests.engine.runs import CPU, blobs
from worker.bench import bench as module
from worker.bench.bench import Bench
from worker.bench.dense import DenseTrainings, Interrupted
from worker.bench.shelf import Shelf, digest_of
from worker.engine.batches import Batches
from worker.engine.checkpoint import Checkpoint
from worker.engine.examples import Dataset
from worker.engine.network import Network
from worker.engine.results import FinishedPoint
from worker.engine.run import Output, run
from worker.engine.sampling import STEPS_PER_RECORD, train_sample
from worker.zoo.fresh import initialize

LONG = {"dense_epochs": 120, "retrain_epochs": 40}
"""Rewinding goes to a tenth of the dense training at most."""


def trainings(folder: Path, stop: bool = False) -> DenseTrainings:
    return DenseTrainings(plan(**LONG), blobs(), CPU, Shelf(folder), lambda: stop)


def chosen(method: str) -> Recipe:
    return plan(**LONG).recipe(Cell(method=method, compression=2, seed=0), 0.05, PER_EPOCH)


def test_early_weights_are_those_of_the_very_training_that_ends_in_the_dense_network(tmp_path: Path, monkeypatch):
    fresh = initialize("lenet300", blobs().only_shape, 4, seed=0)
    outputs = list(train_sample(fresh, blobs(), plan(**LONG).order(0), CPU, should_stop=lambda: False))
    (dense,) = (output.network for output in outputs if isinstance(output, FinishedPoint))
    recipe = chosen("renda2020-weight-rewinding")
    assert recipe.dense is not None
    assert recipe.dense.keep_step == STEPS_PER_RECORD
    (record, *_) = (output for output in outputs if isinstance(output, Checkpoint))
    assert record.state["trained"] == STEPS_PER_RECORD
    found = trainings(tmp_path)
    assert digest_of(found.train(0).network) == digest_of(dense)
    early = found.early(0, recipe)
    assert early is not None
    assert list(early) == ["keep_step"]
    assert all(torch.equal(early["keep_step"][name], tensor) for name, tensor in record.part("weights").items())
    monkeypatch.setattr(Batches, "next", None)  # from now on nothing can be trained
    again = found.early(0, recipe)
    assert again is not None
    assert all(torch.equal(again["keep_step"][name], tensor) for name, tensor in early["keep_step"].items())
    ticket = found.early(0, chosen("frankle2019-lottery"))
    assert ticket is not None
    assert list(ticket) == ["initialization"]
    assert all(torch.equal(ticket["initialization"][name], tensor) for name, tensor in fresh.tensors.items())
    assert found.early(0, chosen("renda2020-lr-rewinding")) == {}
    assert found.early(0, chosen("uniform")) is None


def test_a_training_that_is_asked_to_stop_ends_nowhere(tmp_path: Path):
    with pytest.raises(Interrupted):
        trainings(tmp_path, stop=True).train(0)
    with pytest.raises(Interrupted):
        trainings(tmp_path, stop=True).early(0, chosen("renda2020-weight-rewinding"))
    assert not list(tmp_path.iterdir())


def test_what_rewinds_prunes_the_dense_network_of_all_methods_and_gets_the_early_weights_of_its_seed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    begun: dict[int, list[tuple[str, str | None]]] = {0: [], 1: []}

    def spy(network: Network, data: Dataset, recipe: Recipe, device: torch.device, **options: Any) -> Iterator[Output]:
        first = (options["early"] or {}).get("initialization")
        early = None if first is None else digest_of(replace(network, tensors=first))
        begun[recipe.seed].append((digest_of(network), early))
        return run(network, data, recipe, device, **options)

    monkeypatch.setattr(module, "run", spy)
    methods = ("frankle2019-lottery", "liu2019-random-reinit", "uniform")
    outcomes = compare(plan(methods=methods, seeds=(0, 1), retrain_epochs=1), tmp_path).outcomes
    for seed, dense in {outcome.cell.seed: outcome.dense for outcome in outcomes}.items():
        fresh = digest_of(initialize("lenet300", blobs().only_shape, 4, seed))
        assert begun[seed] == [(dense, fresh), (dense, None), (dense, None)]
        assert len({outcome.dense_accuracy for outcome in outcomes if outcome.cell.seed == seed}) == 1
    assert len({outcome.dense for outcome in outcomes}) == 2


def test_early_weights_are_prepared_for_all_runs_of_a_seed(tmp_path: Path, monkeypatch):
    rewinding = plan(methods=("frankle2020-late-rewinding", "uniform"), seeds=(0, 1), **LONG)
    bench = Bench(rewinding, blobs(), CPU, Shelf(tmp_path), lambda _: None)
    bench.prepare(0)
    monkeypatch.setattr(Batches, "next", None)
    bench.prepare(0)
    with pytest.raises(TypeError):
        bench.prepare(1)
