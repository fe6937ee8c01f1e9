"""`secateur bench` on the built-in digits: the part of the comparison that every run of the tests makes."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from backend.domain.comparison import Comparison, Outcome
from backend.domain.presets import PRESETS
from worker.bench.bench import Bench, Job
from worker.bench.report import data_mark
from worker.bench.results import read_results, write_results
from worker.cli import secateur
from worker.local import read_dataset

METHODS = ("han2015-magnitude", "li2017-filter-l1")
BASELINES = {preset.name for preset in PRESETS.values() if preset.is_baseline}
COMPRESSION = 1.5


def bench(folder: Path, *options: str) -> Result:
    command = ["bench", "--output", str(folder), "--seed", "0", "--threads", "1", "--retrain-epochs", "3"]
    methods = [part for name in METHODS for part in ("--method", name)]
    return CliRunner().invoke(secateur, [*command, *methods, "--compression", f"{COMPRESSION}", *options])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bench")


@pytest.fixture(scope="module")
def document(folder: Path) -> Path:
    file = folder / "document.md"
    file.write_text("# Figures\n\n<!-- bench lenet300 digits -->\n<!-- end of bench lenet300 digits -->\n")
    return file


@pytest.fixture(scope="module")
def answer(folder: Path, document: Path) -> Result:
    return bench(folder, "--document", str(document))


def test_methods_and_all_baselines_are_run_and_the_good_ones_can_still_read_digits(answer: Result, folder: Path):
    assert answer.exit_code == 0, answer.output
    comparison = read_results(folder / "lenet300-digits.json")
    assert {outcome.cell.method for outcome in comparison.outcomes} == {*METHODS, *BASELINES}
    dense = comparison.dense_by_seed()[0]
    assert dense > 0.95
    by_method = {outcome.cell.method: outcome for outcome in comparison.outcomes}
    assert all(outcome.failure is None for outcome in comparison.outcomes)
    for method in (*METHODS, "uniform", "uniform-magnitude-weights"):
        assert by_method[method].test_accuracy == pytest.approx(dense, abs=0.03), method


def test_the_document_has_the_table_and_what_all_had_in_common(answer: Result, document: Path):
    content = document.read_text()
    assert "| `han2015-magnitude` ¹ | " in content
    assert "3 epochs in a run" in content


def test_what_data_it_was_is_written_down(answer: Result, folder: Path, document: Path):
    kept = read_results(folder / "lenet300-digits.json").content_hash
    assert kept == read_dataset("digits").content_hash
    assert data_mark(kept) in document.read_text()


def test_a_second_call_runs_nothing(answer: Result, folder: Path):
    again = bench(folder)
    assert again.exit_code == 0
    assert "seed 0: test accuracy" not in again.output


@pytest.fixture
def named(tmp_path: Path) -> Path:
    """Data of somebody's own."""
    generator, labels = np.random.default_rng(0), np.arange(80) % 10
    pixels = generator.integers(0, 17, (80, 1, 8, 8)).astype(np.uint8)
    np.savez(tmp_path / "data.npz", x_train=pixels[:60], y_train=labels[:60], x_test=pixels[60:], y_test=labels[60:])
    return tmp_path / "data.npz"


def refused_before_anything_runs(named: Path, *options: str) -> str:
    """What is said."""
    refused = bench(named.parent, "--data", str(named), *options)
    assert refused.exit_code == 1
    assert not (named.parent / "runs").exists()
    return refused.output


def test_results_of_other_data_of_that_name_are_not_written_over(named: Path):
    results = named.parent / "lenet300-data.json"
    write_results(Comparison(network="lenet300", data="data", content_hash="0" * 64, outcomes=()), results)
    before = results.read_bytes()
    assert "lenet300-data.json has results of another dataset of that name" in refused_before_anything_runs(named)
    kept = results.rename(named.parent / "kept.json")
    told = refused_before_anything_runs(named, "--results", str(kept))
    assert "kept.json has results of another dataset of that name" in told
    assert kept.read_bytes() == before


def test_a_section_of_other_data_of_that_name_is_not_written_over(named: Path):
    document = named.parent / "document.md"
    section = "bench lenet300 data"
    content = f"<!-- {section} -->\n{data_mark('0' * 64)}\n\nfigures\n<!-- end of {section} -->\n"
    document.write_text(content)
    told = refused_before_anything_runs(named, "--document", str(document))
    assert f"The section `{section}` of {document} is of another dataset of that name" in told
    assert document.read_text() == content


def test_a_file_does_not_pass_for_the_built_in_dataset_of_its_name(named: Path):
    document = named.parent / "document.md"
    document.write_text("<!-- bench lenet300 digits -->\nfigures\n<!-- end of bench lenet300 digits -->\n")
    told = refused_before_anything_runs(named.rename(named.parent / "digits.npz"), "--document", str(document))
    assert "document.md has no section `bench lenet300 digits.npz`" in told


def test_learning_rates_that_are_none_are_refused(folder: Path):
    refused = bench(folder, "--learning-rate", "0")
    assert refused.exit_code != 0
    assert "learning_rates: Input should be greater than 0" in refused.output


def test_a_document_without_a_place_for_the_table_is_told_before_anything_runs(tmp_path: Path):
    (tmp_path / "document.md").write_text("# Figures\n")
    refused = bench(tmp_path / "runs", "--document", str(tmp_path / "document.md"))
    assert refused.exit_code != 0
    assert "has no section `bench lenet300 digits`" in refused.output
    assert not (tmp_path / "runs").exists()


def test_what_is_done_is_kept_when_the_command_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """And a second machine goes on from there: here the method that the first one was stopped at."""
    perform, file = Bench.perform, tmp_path / "results.json"

    def until(stop: Callable[[str], bool], folder: str) -> Result:
        """The command, interrupted when the turn comes to one of these methods."""

        def performed(self: Bench, job: Job) -> Outcome:
            if stop(job.cell.method):
                raise KeyboardInterrupt
            return perform(self, job)

        with monkeypatch.context() as patch:
            patch.setattr(Bench, "perform", performed)
            answer = bench(tmp_path / folder, "--results", str(file))
        assert answer.exit_code == 1
        return answer

    until(lambda method: method == METHODS[1], "here")
    assert [outcome.cell.method for outcome in read_results(file).outcomes] == [METHODS[0]]
    again = until(lambda method: method in BASELINES, "there")
    assert f"{METHODS[0]}, 1.5x" not in again.output
    assert f"{METHODS[1]}, 1.5x" in again.output
    assert {outcome.cell.method for outcome in read_results(file).outcomes} == set(METHODS)
