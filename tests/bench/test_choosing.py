"""Settings that are chosen at one compression for all runs of a method."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic import ValidationError

from backend.domain.comparison import Cell, Outcome
from backend.domain.recipe import Recipe
from tests.bench.test_bench import CPU, blobs, compare, plan
from tests.bench.test_trials import STRENGTH
from worker.bench.bench import Bench
from worker.bench.choosing import Choice
from worker.bench.plan import Plan
from worker.bench.processes import Crew, compare_in_processes
from worker.bench.shelf import Shelf
from worker.bench.trials import Trial

MULTIPLE = "prune.width_multiple"
SMALL = {"methods": ("uniform", "magnitude-channel"), "compressions": (1.2, 1.5), "seeds": (0, 1), "tune_at": 1.5}
TRIALS = (Trial.parse(f"uniform:{MULTIPLE}=8,1"),)


def cell(compression: float, seed: int = 0, method: str = "uniform") -> Cell:
    return Cell(method=method, compression=compression, seed=seed)


def choice_of(chosen: Plan, accuracies: Mapping[tuple[Cell, int], float | None]) -> Choice:
    """With runs that are done, by cell and width multiple."""

    def done(where: Cell, recipe: Recipe) -> Outcome | None:
        if (where, recipe.prune.width_multiple) not in accuracies:
            return None
        found = accuracies[where, recipe.prune.width_multiple]
        return Outcome(cell=where, validation_accuracy=found, failure=None if found else "It broke.")

    return Choice(chosen, 10, done)


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


def test_what_fails_is_not_chosen_unless_all_fail_alike():
    runs = {(cell(1.5, seed), multiple): None for seed in (0, 1) for multiple in (8, 1)}
    assert choice_of(plan(**SMALL, trials=TRIALS), runs).settings(cell(1.2)) == f"{MULTIPLE}=8"
    runs |= {(cell(1.5, seed), 1): 0.1 for seed in (0, 1)}
    assert choice_of(plan(**SMALL, trials=TRIALS), runs).settings(cell(1.2)) == f"{MULTIPLE}=1"


def test_a_comparison_runs_what_was_chosen_alone_and_tells_all(tmp_path: Path):
    said: list[str] = []
    chosen = plan(**SMALL, trials=TRIALS)
    result = compare(chosen, tmp_path, said)
    assert [outcome.cell for outcome in result.outcomes] == list(chosen.cells)
    settings = {outcome.settings for outcome in result.outcomes if outcome.cell.method == "uniform"}
    assert len(settings) == 1
    assert {(one.cell.compression, one.cell.seed) for one in result.others} == {(1.5, 0), (1.5, 1)}
    deciding = [one for one in (*result.outcomes, *result.others) if one.cell.compression == 1.5 and one.settings]
    sums = {name: sum(one.validation_accuracy for one in deciding if one.settings == name) for name in settings}
    assert max(sums.values()) == sums[settings.pop()]
    told = [line for line in said if "chosen" in line]
    assert [line.split(", chosen")[0] for line in told] == ["uniform, 1.5x, seed 0", "uniform, 1.5x, seed 1"]
    assert "on the validation split at 1.5x, on average over the seeds, for all runs of a method" in chosen.conditions


def test_several_processes_choose_alike(tmp_path: Path):
    chosen = plan(**SMALL, trials=TRIALS)
    one = compare(chosen, tmp_path / "one")
    bench = Bench(chosen, blobs(), CPU, Shelf(tmp_path / "two"), lambda _: None)
    assert compare_in_processes(bench, Crew(2, 1, blobs)) == one


def test_learning_rates_are_chosen_so_too_and_runs_of_other_choices_are_not_lost(tmp_path: Path):
    rates = {"learning_rates": (0.05, 0.001)}
    alone = compare(plan(**SMALL | rates | {"tune_at": None}), tmp_path)
    together = compare(plan(**SMALL | rates), tmp_path)
    runs = [{(one.cell, one.settings) for one in (*each.outcomes, *each.others)} for each in (alone, together)]
    assert runs[0] == runs[1]
    assert len({one.settings for one in together.outcomes if one.cell.method == "uniform"}) == 1


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"tune_at": 4.0}, "tune_at: 4 is no compression of this comparison; choose among 1.2, 1.5"),
        ({"trials": ()}, "tune_at: there is nothing to choose; give several learning rates, or settings to try"),
    ],
)
def test_a_choice_that_nobody_can_make_is_refused(changes: dict, sentence: str):
    with pytest.raises(ValidationError, match=sentence):
        plan(**SMALL | {"trials": TRIALS} | changes)


def test_a_trial_of_one_value_decides_nothing():
    trials = (Trial.parse(f"wen2016-ssl:{STRENGTH}=0.1"),)
    choice = Choice(plan(**SMALL | {"methods": ("wen2016-ssl",)}, trials=trials), 10, lambda *_: None)
    assert choice.settings(cell(1.2, method="wen2016-ssl")) == f"{STRENGTH}=0.1"
