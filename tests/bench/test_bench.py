"""Comparisons: every cell once, taken up where they stopped, failures told."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from backend.domain.comparison import Cell, Comparison, Outcome, Spread
from backend.domain.epochs import epoch_length
from backend.domain.errors import FailureCode, InvalidValue, JobFailure
from backend.domain.recipe import DataSplit
from backend.figures.comparison import draw_comparison
from backend.figures.error_axis import error_of
from tests.engine.runs import CPU, blobs
from worker.bench import bench as module
from worker.bench import pages
from worker.bench.bench import Bench
from worker.bench.curves import panels_of
from worker.bench.plan import Plan
from worker.bench.report import replace_section, to_markdown
from worker.bench.results import read_results, write_results
from worker.bench.shelf import Shelf
from worker.bench.webpage import write_page
from worker.engine.batches import Batches
from worker.engine.run import Output

METHODS = ("magnitude-channel", "uniform")
PER_EPOCH = epoch_length(len(blobs().train), DataSplit())


def plan(**changes: object) -> Plan:
    values = {
        "network": "lenet300",
        "data": "blobs",
        "methods": METHODS,
        "compressions": (1.2,),
        "seeds": (0,),
        "dense_epochs": 1,
        "retrain_epochs": 4,
    }
    return Plan.model_validate(values | changes)


def compare(chosen: Plan, folder: Path, said: list[str] | None = None) -> Comparison:
    say = (lambda _: None) if said is None else said.append
    return Bench(chosen, blobs(), CPU, Shelf(folder), say).compare()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bench")


@pytest.fixture(scope="module")
def comparison(folder: Path) -> Comparison:
    return compare(plan(), folder)


def test_all_methods_prune_the_same_dense_network_to_the_same_compression(comparison: Comparison):
    assert len({outcome.dense_accuracy for outcome in comparison.outcomes}) == 1
    assert comparison.methods == METHODS
    for outcome in comparison.outcomes:
        assert outcome.test_accuracy is not None
        assert outcome.reached is not None
        assert outcome.reached >= 1.2
        assert outcome.widths[-1] == 4
        assert outcome.epochs >= 4


def test_the_training_of_a_run_is_counted_whole(tmp_path: Path, monkeypatch):
    taken, take = 0, Batches.next

    def count(batches: Batches) -> object:
        nonlocal taken
        taken += 1
        return take(batches)

    methods = ("theis2018-fisher", "pan2016-dropneuron", "crowley2018-scratch-flops", "frankle2019-lottery")
    for method in methods:
        compare(plan(methods=(method,), compressions=(1e6,)), tmp_path)  # trains the dense network, then fails
        monkeypatch.setattr(Batches, "next", count)
        taken = 0
        (outcome,) = compare(plan(methods=(method,), sparsify_epochs=1), tmp_path).outcomes
        monkeypatch.undo()
        assert outcome.epochs == pytest.approx(taken / PER_EPOCH), method


def test_a_learning_rate_is_chosen_on_the_validation_split(comparison: Comparison, folder: Path):
    rates = (1e-6, 0.05)
    result = compare(plan(learning_rates=rates), folder)
    alone = {rate: compare(plan(learning_rates=(rate,)), folder) for rate in rates}
    for position, outcome in enumerate(result.outcomes):
        tried = {f"learning_rate={rate:g}": alone[rate].outcomes[position] for rate in rates}
        assert all(one.test_accuracy is not None for one in tried.values())
        assert outcome.model_copy(update={"settings": ""}) == tried[outcome.settings]
        assert outcome.validation_accuracy == max(one.validation_accuracy for one in tried.values())


def test_what_is_finished_is_not_run_again(comparison: Comparison, folder: Path):
    said: list[str] = []
    assert compare(plan(), folder, said) == comparison
    assert said == []


def test_a_stopped_comparison_goes_on_to_the_same_end(comparison: Comparison, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(module, "_CHECKPOINT_EVERY", 1)
    keep, count = Shelf.keep_place, 0

    def stop_at_the_third(shelf: Shelf, *arguments: object) -> None:
        nonlocal count
        keep(shelf, *arguments)
        count += 1
        if count == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(Shelf, "keep_place", stop_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        compare(plan(), tmp_path)
    assert list(tmp_path.glob("*.checkpoint"))
    assert compare(plan(), tmp_path) == comparison
    runs = {file.name.partition(".")[0] for file in tmp_path.glob("*.outcome.json")}
    assert len(runs) == len(METHODS)
    assert not runs & {file.stem for file in tmp_path.glob("*.checkpoint")}  # those left are openings


def test_a_run_that_fails_is_an_outcome_and_the_rest_goes_on(folder: Path, comparison: Comparison):
    result = compare(plan(compressions=(1.2, 1e6)), folder)
    failed = [outcome for outcome in result.outcomes if outcome.failure]
    assert len(failed) == len(METHODS)
    assert all("at least" in (outcome.failure or "") for outcome in failed)
    assert result.test_accuracy("uniform", 1.2) == comparison.test_accuracy("uniform", 1.2)
    table = to_markdown(result)
    assert "| `uniform` | " in table
    assert "| none |" in table
    assert "Runs without a result:" in table
    assert "- `uniform`, 1e+06x (seed 0): " in table
    assert "- `uniform`: " in to_markdown(Comparison(network="lenet300", data="blobs", outcomes=tuple(failed)))


@pytest.mark.parametrize(("code", "is_kept"), [(FailureCode.OUT_OF_MEMORY, False), (FailureCode.DIVERGED, True)])
def test_a_failure_of_the_machine_is_tried_again(tmp_path: Path, monkeypatch, code: FailureCode, is_kept: bool):
    def broken(*_: object, **__: object) -> Iterator[Output]:
        raise JobFailure(code, "It broke.")
        yield

    wanted = plan(methods=METHODS[:1])
    with monkeypatch.context() as patch:
        patch.setattr(module, "run", broken)
        assert [outcome.failure for outcome in compare(wanted, tmp_path).outcomes] == ["It broke."]
    again = compare(wanted, tmp_path).outcomes[0]
    assert (again.failure is not None) is is_kept
    assert (again.test_accuracy is None) is is_kept


def test_what_was_reached_stands_beside_what_was_asked_for(comparison: Comparison, tmp_path: Path):
    """A network with a fifth of the dense parameters, where two times fewer were asked for."""
    outcome = next(one for one in comparison.outcomes if one.cell.method == "uniform")
    beyond = outcome.model_copy(update={"reached": 5.0, "cell": outcome.cell.model_copy(update={"compression": 2.0})})
    far = Comparison(network="lenet300", data="blobs", outcomes=(beyond,))
    spread = far.reached("uniform", 2.0)
    assert spread == Spread(5, 5, 5, 1)
    assert "% at 5x | " in to_markdown(far)
    assert '"at 69x": the compression that was reached' in to_markdown(far)
    assert " at " not in to_markdown(comparison).partition("| method |")[2]
    assert next(iter(draw_comparison(far).data)).x == pytest.approx([5], rel=0.01)
    (curve,) = panels_of(far)[0].curves
    assert curve.at(2.0) == pytest.approx(5, rel=0.01)
    assert " at 5x |" in pages.numbers(["uniform"], [far])


def test_the_figure_shows_every_method_and_dashes_the_baselines(comparison: Comparison, tmp_path: Path):
    figure = draw_comparison(comparison, baselines={"uniform"})
    lines = {trace.name: trace for trace in figure.data}
    assert set(lines) == set(METHODS)
    assert (lines["uniform"].line.dash, lines["magnitude-channel"].line.dash) == ("dash", "solid")
    spread = comparison.test_accuracy("uniform", 1.2)
    assert spread is not None
    assert list(lines["uniform"].y) == [error_of(spread.mean)]
    assert list(lines["uniform"].customdata) == [spread.mean]
    assert lines["uniform"].text[0].endswith("one seed")
    write_page(comparison, (), tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    assert "<title>Pruning methods: lenet300 on blobs</title>" in page
    before, _, after = comparison.conditions.partition("*epochs*")
    assert f"{before}<em>epochs</em>{after}" in page
    assert f"<td>{spread.mean:.2%}" in page
    assert "Compression" in page
    assert "below the figure" not in page


def test_a_section_of_a_document_is_replaced_and_the_rest_stays(tmp_path: Path):
    document = tmp_path / "figures.md"
    document.write_text("before\n<!-- a -->\nold\n<!-- end of a -->\nafter\n")
    replace_section(document, "a", "new")
    assert document.read_text() == "before\n<!-- a -->\nnew\n<!-- end of a -->\nafter\n"
    with pytest.raises(InvalidValue, match="no section `b`"):
        replace_section(document, "b", "new")


def test_methods_that_only_set_weights_to_zero_are_marked(comparison: Comparison):
    outcome = comparison.outcomes[0]
    zeros = outcome.model_copy(update={"cell": outcome.cell.model_copy(update={"method": "lamp2021"})})
    table = to_markdown(Comparison(network="lenet300", data="blobs", outcomes=(outcome, zeros)))
    assert "| `lamp2021` ¹ |" in table
    assert "| `magnitude-channel` |" in table
    assert "¹ Single weights" in table
    assert "Single weights" not in to_markdown(comparison)


def test_results_survive_their_file_and_stand_in_the_pages_of_their_methods(comparison: Comparison, tmp_path: Path):
    write_results(comparison, tmp_path / "a.json")
    assert read_results(tmp_path / "a.json") == comparison
    page = tmp_path / "page.md"
    page.write_text("# Magnitude (`magnitude-channel`)\n\n<!-- our numbers -->\n<!-- end of our numbers -->\n")
    other = tmp_path / "other.md"
    other.write_text("# Other (`lamp2021`)\n\n<!-- our numbers -->\n<!-- end of our numbers -->\n")
    untouched = other.read_text()
    answer = CliRunner().invoke(pages.command, [str(tmp_path / "a.json"), "--folder", str(tmp_path)])
    assert answer.exit_code == 0, answer.output
    spread = comparison.test_accuracy("magnitude-channel", 1.2)
    assert spread is not None
    shown = f"| `magnitude-channel` | {100 * spread.mean:.1f} |"  # one seed has no range
    assert shown in page.read_text()
    assert "| `uniform` | " in page.read_text()
    assert other.read_text() == untouched


@pytest.mark.parametrize(
    ("quoted", "data", "is_told"),
    [
        ("LeNet-5 on MNIST: 1.0%", "blobs", True),
        ("LeNet-5 on MNIST: 1.0%", "mnist", False),
        ("LeNet-5 on Fashion-MNIST: 9%", "blobs", False),
        ("ResNet-50 on ImageNet: 24%", "blobs", False),
    ],
)
def test_a_page_that_quotes_mnist_says_that_our_tables_are_of_other_data(
    comparison: Comparison, tmp_path: Path, quoted: str, data: str, is_told: bool
):
    write_results(comparison.model_copy(update={"data": data}), tmp_path / "a.json")
    page = tmp_path / "page.md"
    numbers = "## Our numbers\n\n<!-- our numbers -->\n<!-- end of our numbers -->\n\nMNIST stands here too.\n"
    page.write_text(f"# Magnitude (`magnitude-channel`)\n\n## The paper's numbers\n\n{quoted}\n\n{numbers}")
    for _ in range(2):  # what was written is replaced
        answer = CliRunner().invoke(pages.command, [str(tmp_path / "a.json"), "--folder", str(tmp_path)])
        assert answer.exit_code == 0, answer.output
        assert page.read_text().count("not comparable with the paper's numbers") == int(is_told)


def test_what_was_chosen_is_counted_and_what_failed_is_told_with_its_place():
    settings = ("learning_rate=0.02", "learning_rate=0.05", "learning_rate=0.05")
    chosen = [
        Outcome(cell=Cell(method="uniform", compression=2, seed=seed), settings=which, test_accuracy=0.9)
        for seed, which in enumerate(settings)
    ]
    failed = Outcome(
        cell=Cell(method="uniform", compression=4, seed=1), settings="learning_rate=0.05", failure="Broke."
    )
    told = to_markdown(Comparison(network="lenet300", data="blobs", outcomes=(*chosen, failed)))
    assert "in how many runs:\n\n- `uniform`: learning_rate=0.05 (2); learning_rate=0.02 (1)" in told
    assert "- `uniform`, 4x (seed 1): Broke." in told
