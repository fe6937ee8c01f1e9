"""Settings that are chosen at one compression for all runs of a method."""

from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from pydantic import ValidationError

from backend.domain.comparison import Cell, Outcome
from backend.domain.errors import FailureCode
from backend.domain.recipe import Recipe
from tests.bench.test_bench import CPU, blobs, compare, plan
from tests.bench.test_trials import STRENGTH
from worker.bench.bench import Bench, Job
from worker.bench.choosing import Choice
from worker.bench.plan import Plan
from worker.bench.processes import Crew, compare_in_processes
from worker.bench.results import Kept, read_results
from worker.bench.shelf import Shelf
from worker.bench.trials import Trial
from worker.cli import secateur

MULTIPLE = "prune.width_multiple"
SMALL = {"methods": ("uniform", "magnitude-channel"), "compressions": (1.2, 1.5), "seeds": (0, 1), "tune_at": 1.5}
TRIALS = (Trial.parse(f"uniform:{MULTIPLE}=8,1"),)


def cell(compression: float, seed: int = 0, method: str = "uniform") -> Cell:
    return Cell(method=method, compression=compression, seed=seed)


def choice_of(chosen: Plan, runs: Mapping[tuple[Cell, int], float | FailureCode]) -> Choice:
    """With validation accuracies or failures of what is done, by cell and width multiple."""

    def done(where: Cell, recipe: Recipe) -> Outcome | None:
        found = runs.get((where, recipe.prune.width_multiple))
        return None if found is None else outcome_of(where, found)

    return Choice(chosen, 10, done)


def outcome_of(where: Cell, found: float | FailureCode) -> Outcome:
    if isinstance(found, FailureCode):
        return Outcome(cell=where, failure="It broke.", code=found)
    return Outcome(
        cell=where, dense_accuracy=1.0, validation_accuracy=found, test_accuracy=1 - found, reached=1.5, widths=(1,)
    )


def test_the_mean_over_the_seeds_at_one_compression_decides_for_all():
    """Eight is best for seed 0 alone, and at the other compression."""
    at_first = {(cell(1.5), 8): 0.9, (cell(1.5), 1): 0.8, (cell(1.5, 1), 8): 0.5, (cell(1.5, 1), 1): 0.7}
    choice = choice_of(plan(**SMALL, trials=TRIALS), at_first | {(cell(1.2), 8): 1.0})
    for where in (cell(1.2), cell(1.2, 1), cell(1.5), cell(1.5, 1)):
        assert choice.settings(where) == f"{MULTIPLE}=1"
    assert list(choice.wanted(cell(1.2))) == [f"{MULTIPLE}=1"]
    assert list(choice.wanted(cell(1.5, 1))) == [f"{MULTIPLE}=8", f"{MULTIPLE}=1"]


def test_nothing_is_wanted_elsewhere_before_all_that_decides_is_done():
    some = {(cell(1.5), 8): 0.9, (cell(1.5), 1): 0.8, (cell(1.5, 1), 8): 0.5}
    choice = choice_of(plan(**SMALL, trials=TRIALS), some)
    assert choice.settings(cell(1.2)) is None
    assert choice.wanted(cell(1.2)) == {}
    assert len(choice.wanted(cell(1.5, 1))) == 2
    assert list(choice.wanted(cell(1.2, method="magnitude-channel"))) == [""]
    assert choice.settings(cell(1.2, method="magnitude-channel")) == ""


DIVERGED, OUT_OF_MEMORY = FailureCode.DIVERGED, FailureCode.OUT_OF_MEMORY


def test_what_fails_less_often_is_chosen_however_accurate_the_rest_of_the_other_was():
    runs = {(cell(1.5, seed), multiple): 0.3 for seed in (0, 1) for multiple in (8, 1)}
    runs |= {(cell(1.5), 8): 0.99, (cell(1.5, 1), 8): DIVERGED}
    assert choice_of(plan(**SMALL, trials=TRIALS), runs).settings(cell(1.2)) == f"{MULTIPLE}=1"


def test_where_nothing_ends_in_what_should_decide_each_run_decides_for_itself():
    runs = {(cell(1.5, seed), multiple): DIVERGED for seed in (0, 1) for multiple in (8, 1)}
    choice = choice_of(plan(**SMALL, trials=TRIALS), runs | {(cell(1.2), 8): 0.5, (cell(1.2), 1): 0.75})
    assert choice.settings(cell(1.2)) == f"{MULTIPLE}=1"
    assert choice.settings(cell(1.2, 1)) is None
    assert len(choice.wanted(cell(1.2, 1))) == 2


def test_a_failure_of_the_machine_decides_nothing_for_other_runs():
    """It is tried again; for itself alone a run takes what is left, as nothing else hangs on it."""
    runs = {(cell(1.5, seed), multiple): 0.5 for seed in (0, 1) for multiple in (8, 1)} | {
        (cell(1.5), 8): OUT_OF_MEMORY
    }
    assert choice_of(plan(**SMALL, trials=TRIALS), runs).wanted(cell(1.2)) == {}
    alone = plan(**SMALL | {"tune_at": None}, trials=TRIALS)
    assert choice_of(alone, runs).settings(cell(1.5)) == f"{MULTIPLE}=1"


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs end at once. At 1.5x eight is best for seed 0, one on average; at 1.2x eight."""
    accuracies = {(1.5, 0, 8): 0.9, (1.5, 0, 1): 0.8, (1.5, 1, 8): 0.5, (1.5, 1, 1): 0.7}

    def ran(_: Bench, job: Job) -> Outcome:
        place = (job.cell.compression, job.cell.seed, job.recipe.prune.width_multiple)
        rate = job.recipe.retrain.optimizer.learning_rate
        return outcome_of(job.cell, accuracies.get(place, 0.6 + place[2] / 100 + rate)).model_copy(
            update={"key": job.key}
        )

    monkeypatch.setattr(Bench, "_ran", ran)


@pytest.mark.usefixtures("told")
def test_a_comparison_runs_what_was_chosen_alone_and_tells_all(tmp_path: Path):
    said: list[str] = []
    chosen = plan(**SMALL, trials=TRIALS)
    result = compare(chosen, tmp_path, said)
    assert [outcome.cell for outcome in result.outcomes] == list(chosen.cells)
    settings = {outcome.settings for outcome in result.outcomes if outcome.cell.method == "uniform"}
    assert settings == {f"{MULTIPLE}=1"}
    assert {(one.cell.compression, one.cell.seed) for one in result.others} == {(1.5, 0), (1.5, 1)}
    assert [line for line in said if "chosen" in line] == [
        f"uniform, 1.5x, seed 0, chosen {MULTIPLE}=1: test accuracy 20.00% at 1.5x",
        f"uniform, 1.5x, seed 1, chosen {MULTIPLE}=1: test accuracy 30.00% at 1.5x",
    ]
    assert "on the validation split at 1.5x, on average over the seeds, for all runs of a method" in chosen.conditions


@pytest.mark.usefixtures("told")
def test_results_of_runs_that_chose_for_themselves_are_taken_up_and_none_is_lost(tmp_path: Path):
    alone, together = (plan(**SMALL | {"tune_at": at}, trials=TRIALS) for at in (None, 1.5))
    kept = Kept(tmp_path / "results.json")
    kept.put_down(_bench(alone, tmp_path / "one"))
    bench = _bench(together, tmp_path / "two", kept)
    before = read_results(kept.file)
    kept.put_down(bench)
    after = read_results(kept.file)
    assert {one.key for one in (*after.outcomes, *after.others)} == {
        one.key for one in (*before.outcomes, *before.others)
    }
    assert [one.settings for one in after.outcomes if one.settings] == [f"{MULTIPLE}=1"] * 4


def _bench(chosen: Plan, folder: Path, kept: Kept | None = None) -> Bench:
    """All of it run, but for what was kept."""
    said: list[str] = []
    bench = Bench(chosen, blobs(), CPU, Shelf(folder), said.append)
    if kept is not None:
        kept.take_up(bench)
    bench.compare()
    assert (said == []) == (kept is not None)
    return bench


def test_the_command_says_what_it_cannot_tune_at(tmp_path: Path):
    arguments = ["bench", "-o", str(tmp_path), "--method", "uniform", "--learning-rate", "0.1", "--tune-at", "3"]
    answer = CliRunner().invoke(secateur, arguments)
    assert answer.exit_code == 1
    assert "tune_at: 3 is no compression of this comparison; choose among 2, 4, 8, 16, 32" in answer.output
    answer = CliRunner().invoke(secateur, [*arguments[:-1], "8"])
    assert "tune_at: no method has anything to choose" in answer.output


def test_several_processes_choose_alike(tmp_path: Path):
    few = {"methods": ("li2017-filter-l1",), "seeds": (0,), "retrain_epochs": 1}
    chosen = plan(**SMALL | few, trials=(Trial.parse(f"{MULTIPLE}=8,1"),))
    one = compare(chosen, tmp_path / "one")
    assert len(one.others) == 1
    bench = Bench(chosen, blobs(), CPU, Shelf(tmp_path / "two"), lambda _: None)
    assert compare_in_processes(bench, Crew(2, torch.get_num_threads(), blobs)) == one


@pytest.mark.usefixtures("told")
def test_learning_rates_are_chosen_so_too(tmp_path: Path):
    """Of each run for itself both are run everywhere: nothing is left to run then, and nothing is lost."""
    rates = {"learning_rates": (0.05, 0.001)}
    alone = compare(plan(**SMALL | rates | {"tune_at": None}), tmp_path)
    together = compare(plan(**SMALL | rates), tmp_path)
    runs = [{(one.cell, one.settings) for one in (*each.outcomes, *each.others)} for each in (alone, together)]
    assert runs[0] == runs[1]
    assert {one.settings for one in together.outcomes} == {"learning_rate=0.05"}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"tune_at": 4.0}, "tune_at: 4 is no compression of this comparison; choose among 1.2, 1.5"),
        ({"trials": ()}, "tune_at: no method has anything to choose; give several learning rates, or values to try"),
        ({"trials": (Trial.parse(f"uniform:{MULTIPLE}=8"),)}, "tune_at: no method has anything to choose"),
        ({"methods": ("crowley2018-scratch",), "trials": (), "learning_rates": (0.1, 0.2)}, "no method has anything"),
    ],
)
def test_a_choice_that_nobody_can_make_is_refused(changes: dict, sentence: str):
    with pytest.raises(ValidationError, match=sentence):
        plan(**SMALL | {"trials": TRIALS} | changes)


def test_a_trial_of_one_value_decides_nothing():
    trials = (Trial.parse(f"wen2016-ssl:{STRENGTH}=0.1"), *TRIALS)
    choice = Choice(plan(**SMALL | {"methods": ("wen2016-ssl", "uniform")}, trials=trials), 10, lambda *_: None)
    assert choice.settings(cell(1.2, method="wen2016-ssl")) == f"{STRENGTH}=0.1"
