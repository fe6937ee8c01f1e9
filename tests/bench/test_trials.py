"""Settings of which a comparison tries several values: what is tried, chosen, told and refused."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from pydantic import ValidationError

from backend.domain.comparison import Cell, Outcome
from backend.domain.errors import InvalidValue
from tests.bench.test_bench import compare, plan
from worker.bench.report import to_markdown
from worker.bench.trials import Trial
from worker.cli import secateur

STRENGTH = "sparsify.regularizer.strength"
SSL = Cell(method="wen2016-ssl", compression=1.2, seed=0)


@pytest.mark.parametrize(
    ("text", "path", "values", "method"),
    [
        (f"{STRENGTH}=0.01,1e-1", STRENGTH, (0.01, 0.1), None),
        ("lamp2021:distill.during=both,retraining", "distill.during", ("both", "retraining"), "lamp2021"),
        ("prune.measure_removals=true", "prune.measure_removals", (True,), None),
    ],
)
def test_a_trial_is_read_as_it_is_written(text, path, values, method):
    trial = Trial.parse(text)
    assert (trial.path, trial.values, trial.method) == (path, values, method)
    assert Trial.parse(str(trial)) == trial


@pytest.mark.parametrize("text", [STRENGTH, f"{STRENGTH}=", "=0.1", "wen2016-ssl:=0.1", ""])
def test_what_is_no_setting_with_values_is_quoted(text):
    with pytest.raises(InvalidValue, match="is no setting with values, such as"):
        Trial.parse(text)


@pytest.mark.parametrize(
    "path", ["retrain.epochs", "seed", "target", "data.scaling", "sparsify.epochs", "dense.epochs"]
)
def test_what_all_methods_share_is_not_tried(path):
    with pytest.raises(InvalidValue, match="is set by the comparison, alike for all methods"):
        Trial.parse(f"{path}=1,2")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("prune.nothing=1", "no method of this comparison has a setting `prune.nothing`"),
        (f"uniform:{STRENGTH}=1", f"no `uniform` here has a setting `{STRENGTH}`"),
        (f"lamp2021:{STRENGTH}=1", "no `lamp2021` here"),
        (f"{STRENGTH}=-1", rf"{STRENGTH}=-1 does not fit `wen2016-ssl`: Input should be greater"),
    ],
)
def test_a_trial_that_nobody_can_run_is_refused_before_anything_runs(text, sentence):
    with pytest.raises(ValidationError, match=sentence):
        plan(methods=("uniform", "wen2016-ssl"), trials=(Trial.parse(text),))


@pytest.mark.parametrize("again", [f"{STRENGTH}=0.1", f"wen2016-ssl:{STRENGTH}=0.1"])
def test_the_same_setting_twice_is_refused_with_both(again: str):
    trials = tuple(map(Trial.parse, (f"{STRENGTH}=0.01", "prune.dead_channels=keep", again)))
    with pytest.raises(ValidationError, match=rf"`{STRENGTH}=0.01` and `{again}` set the same; give all values in one"):
        plan(methods=("uniform", "wen2016-ssl"), trials=trials)
    others = tuple(map(Trial.parse, (f"wen2016-ssl:{STRENGTH}=0.01", f"pan2016-dropneuron:{STRENGTH}=0.01")))
    assert plan(methods=("pan2016-dropneuron", "wen2016-ssl"), trials=others).trials == others


def test_every_combination_is_a_candidate_of_the_methods_that_have_the_settings():
    trials = tuple(map(Trial.parse, (f"{STRENGTH}=0.01,0.1", "wen2016-ssl:prune.dead_channels=keep")))
    chosen = plan(methods=("uniform", "wen2016-ssl"), learning_rates=(0.1, 0.05), trials=trials)
    found = chosen.candidates(SSL, 10)
    assert list(found) == [
        f"learning_rate={rate}, {STRENGTH}={strength}, prune.dead_channels=keep"
        for rate in ("0.1", "0.05")
        for strength in ("0.01", "0.1")
    ]
    for settings, recipe in found.items():
        assert f"{STRENGTH}={recipe.sparsify.regularizer.strength}" in settings
        assert f"learning_rate={recipe.retrain.optimizer.learning_rate}" in settings
        assert recipe.prune.dead_channels == "keep"
    assert list(chosen.candidates(SSL.model_copy(update={"method": "uniform"}), 10)) == [
        "learning_rate=0.1",
        "learning_rate=0.05",
    ]
    assert plan().candidates(SSL, 10) == {"": plan().recipe(SSL, 0.05, 10)}


def test_what_ends_best_on_the_validation_split_is_taken_and_told(tmp_path: Path):
    small = {"methods": ("uniform", "wen2016-ssl"), "sparsify_epochs": 1}
    said: list[str] = []
    tried = plan(**small, trials=(Trial.parse(f"{STRENGTH}=0.001,100"),))
    result = compare(tried, tmp_path, said)
    ours, best = result.outcomes[1], None
    for strength in ("0.001", "100"):
        alone = compare(plan(**small, trials=(Trial.parse(f"{STRENGTH}={strength}"),)), tmp_path).outcomes[1]
        assert f"wen2016-ssl, 1.2x, seed 0 ({STRENGTH}={strength}): validation accuracy" in " ".join(said)
        if best is None or alone.validation_accuracy > best.validation_accuracy:
            best = alone
    assert ours == best
    assert result.outcomes[0].settings == ""
    assert f"- `wen2016-ssl`: {ours.settings}" in to_markdown(result)
    assert f"`{STRENGTH}=0.001,100`" in tried.conditions


def test_test_accuracy_is_told_of_what_has_no_rivals_or_was_chosen_among_them(tmp_path: Path):
    """Whoever tunes by the lines that are printed tunes on the validation split."""
    said: list[str] = []
    trial = Trial.parse("uniform:prune.width_multiple=1,8")
    result = compare(plan(methods=("uniform", "magnitude-channel"), trials=(trial,)), tmp_path, said)
    chosen, alone = result.outcomes
    (other,) = result.others
    first, second = sorted((chosen, other), key=lambda one: one.settings)
    assert [line for line in said if not line.startswith("dense")] == [
        f"uniform, 1.2x, seed 0 ({first.settings}): validation accuracy {_told(first.validation_accuracy, first)}",
        f"uniform, 1.2x, seed 0 ({second.settings}): validation accuracy {_told(second.validation_accuracy, second)}",
        f"uniform, 1.2x, seed 0, chosen {chosen.settings}: test accuracy {_told(chosen.test_accuracy, chosen)}",
        f"magnitude-channel, 1.2x, seed 0: test accuracy {_told(alone.test_accuracy, alone)}",
    ]


def _told(accuracy: float, outcome: Outcome) -> str:
    return f"{accuracy:.2%} at {outcome.reached:.3g}x"


def test_the_command_says_what_it_cannot_try(tmp_path: Path):
    arguments = ["bench", "-o", str(tmp_path), "--method", "wen2016-ssl", "--try"]
    for text, sentence in (
        ("strength", "is no setting with values"),
        ("seed=1,2", "`seed` is set by the comparison"),
        ("prune.cost=NaN", "`prune.cost=NaN`: Input should be a finite number"),
    ):
        answer = CliRunner().invoke(secateur, [*arguments, text])
        assert answer.exit_code == 1
        assert sentence in answer.output
        assert not list(tmp_path.iterdir())
