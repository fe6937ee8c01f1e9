"""Runs of a comparison do once what they have in common, and come to what each comes to alone."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from backend.domain.comparison import Outcome
from tests.bench.test_bench import PER_EPOCH, compare, plan
from tests.engine.runs import CPU, blobs
from worker.bench.bench import Bench
from worker.bench.plan import Plan
from worker.bench.shelf import Shelf
from worker.bench.trials import Trial
from worker.engine.batches import Batches
from worker.engine.retraining.stretches import Stretch

GREEDY, BETWEEN_REMOVALS = "molchanov2017-taylor", 30
"""A preset with one operating point, and its mini-batches from one removal to the next."""
NEAR, FAR = 1.05, 1.1


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by one with every mini-batch that is trained on."""
    found: list[int] = []
    take = Batches.next

    def count(batches: Batches) -> object:
        found.append(1)
        return take(batches)

    monkeypatch.setattr(Batches, "next", count)
    return found


@pytest.fixture(scope="module")
def dense_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With a dense network, and a run that failed."""
    folder = tmp_path_factory.mktemp("dense")
    compare(plan(compressions=(1e6,)), folder)
    return folder


@pytest.fixture
def folder(dense_folder: Path, tmp_path: Path) -> Path:
    """To compare in."""
    return Path(shutil.copytree(dense_folder, tmp_path / "together"))


def each_alone(chosen: Plan, dense_folder: Path, work: Path) -> tuple[Outcome, ...]:
    """What the cells come to in folders of their own."""
    outcomes: tuple[Outcome, ...] = ()
    for number, cell in enumerate(chosen.cells):
        shutil.copytree(dense_folder, work / f"{number}")
        one = chosen.model_copy(update={"methods": (cell.method,), "compressions": (cell.compression,)})
        outcomes += compare(one, work / f"{number}").outcomes
    return outcomes


def test_an_epoch_of_gates_is_trained_once(tmp_path: Path, folder: Path, dense_folder: Path, taken: list[int]):
    methods = ("frankle2019-lottery", "louizos2018-l0")
    chosen = plan(methods=methods, compressions=(1.3, 2.0), sparsify_epochs=1)
    alone = each_alone(chosen, dense_folder, tmp_path)
    apart = len(taken)
    assert compare(chosen, folder).outcomes == alone
    assert apart - (len(taken) - apart) == PER_EPOCH


@pytest.fixture
def removals(tmp_path: Path, dense_folder: Path, taken: list[int]) -> int:
    """Down to the nearer target."""
    near = plan(methods=(GREEDY,), compressions=(NEAR,))
    each_alone(near, dense_folder, tmp_path / "near")
    before = len(taken) - near.retrain_epochs * PER_EPOCH
    taken.clear()
    assert before % BETWEEN_REMOVALS == 0
    return before // BETWEEN_REMOVALS


def test_channels_that_go_one_by_one_go_once(
    tmp_path: Path, folder: Path, dense_folder: Path, taken: list[int], removals: int
):
    """Down to the nearer target, but for the last removal, whatever the order that they are named in."""
    chosen = plan(methods=(GREEDY,), compressions=(FAR, NEAR))
    alone = each_alone(chosen, dense_folder, tmp_path)
    apart = len(taken)
    assert compare(chosen, folder).outcomes == alone
    assert apart - (len(taken) - apart) == (removals - 1) * BETWEEN_REMOVALS > 0


def test_one_way_down_serves_several_learning_rates(folder: Path, taken: list[int], removals: int):
    chosen = plan(methods=(GREEDY,), compressions=(NEAR,), learning_rates=(0.02, 0.05))
    compare(chosen, folder)
    assert len(taken) - 2 * chosen.retrain_epochs * PER_EPOCH == (removals + 1) * BETWEEN_REMOVALS


@pytest.mark.parametrize("method", [GREEDY, "uniform"])
def test_a_target_nearer_than_where_others_came_is_reached_from_the_dense_network(
    tmp_path: Path, folder: Path, dense_folder: Path, method: str
):
    """The first of several operating points is a target too."""
    near = plan(methods=(method,), compressions=(NEAR,))
    compare(plan(methods=(method,), compressions=(FAR,)), folder)
    assert compare(near, folder).outcomes == each_alone(near, dense_folder, tmp_path)


def test_runs_that_go_by_measured_times_share_nothing(tmp_path: Path, folder: Path):
    """The times are in the recipe that a run goes by, and differ from run to run."""
    chosen = plan(
        methods=("theis2018-fisher",), compressions=(NEAR, FAR), trials=(Trial.parse("prune.cost.counted=latency"),)
    )
    assert {job.opening for job in Bench(chosen, blobs(), CPU, Shelf(tmp_path), print).open_jobs()} == {None}
    assert all(outcome.failure is None for outcome in compare(chosen, folder).outcomes)


def test_an_opening_of_other_weights_or_another_device_is_left_alone(folder: Path):
    bench = Bench(plan(methods=(GREEDY,), compressions=(NEAR,)), blobs(), CPU, Shelf(folder), print)
    (job,) = bench.open_jobs()
    bench.dense(0)
    place = bench._place_of_opening(job)
    assert place != replace(bench, device=torch.device("cuda"))._place_of_opening(job)
    assert place != replace(bench, digests={0: "0" * 20})._place_of_opening(job)


def test_a_run_that_diverges_tells_the_cause_wherever_it_began(
    tmp_path: Path, folder: Path, dense_folder: Path, monkeypatch: pytest.MonkeyPatch
):
    """Not what is kept of it: of a comparison's run that is nothing."""
    monkeypatch.setattr(Stretch, "learning_rate", lambda *_: 1e30)
    chosen = plan(methods=(GREEDY,), compressions=(NEAR, FAR))
    alone = each_alone(chosen, dense_folder, tmp_path)
    assert compare(chosen, folder).outcomes == alone
    for outcome in alone:
        assert outcome.failure is not None
        assert "became infinite" in outcome.failure
        assert "kept" not in outcome.failure


def test_a_student_takes_up_the_widths_that_are_trained_from_scratch(
    tmp_path: Path, folder: Path, dense_folder: Path, taken: list[int]
):
    chosen = plan(methods=("crowley2018-scratch", "hinton2015-distillation"), compressions=(NEAR,))
    alone = each_alone(chosen, dense_folder, tmp_path)
    apart = len(taken)
    assert compare(chosen, folder).outcomes == alone
    assert apart > len(taken) - apart
