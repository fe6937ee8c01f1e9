"""Who beats magnitude is told by what the seeds of both came to."""

import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner

from backend.domain.comparison import Cell, Comparison, Outcome
from worker.bench.results import read_results, write_results
from worker.bench.verdicts import SECTION, command, verdicts

DOCS = Path(__file__).parents[2] / "docs"
COMPRESSION = 16.0
NOWHERE = "Besides plain magnitudes, ahead in no column:"
LONGER = "Ahead only where they had more epochs than the rival:"


def runs(method: str, accuracies: Sequence[float], epochs: float = 5, reached: float = COMPRESSION) -> list[Outcome]:
    return [
        Outcome(
            cell=Cell(method=method, compression=COMPRESSION, seed=seed),
            validation_accuracy=accuracy,
            test_accuracy=accuracy,
            epochs=epochs,
            reached=reached,
        )
        for seed, accuracy in enumerate(accuracies)
    ]


def told(*outcomes: list[Outcome]) -> dict[str, str]:
    """The cell of every method; under the empty name the rival, and who of the whole channels is ahead nowhere."""
    flat = tuple(outcome for some in outcomes for outcome in some)
    text = verdicts([Comparison(network="lenet300", data="blobs", outcomes=flat)], COMPRESSION)
    nowhere = text[text.index("Besides plain") :].partition("\n")[0]
    return dict(re.findall(r"^\| (?:`([^`]+)`|rival) \| (.*) \|$", text, re.MULTILINE)) | {"nowhere": nowhere}


UNIFORM = runs("uniform", (0.80, 0.82), epochs=10)
NORMS = runs("li2017-filter-l1", (0.85, 0.87))


@pytest.mark.parametrize(
    ("accuracies", "cell", "is_listed"),
    [
        ((0.88, 0.90), "**+3.0**", False),
        ((0.87, 0.91), "+3.0", True),  # one seed is no better than the rival's best
        ((0.82, 0.84), "*-3.0*", True),
        ((0.81, 0.85), "-3.0", True),
    ],
)
def test_ahead_is_who_ends_above_the_rivals_best_with_the_worst_seed(accuracies, cell, is_listed):
    found = told(UNIFORM, NORMS, runs("theis2018-fisher", accuracies))
    assert found["theis2018-fisher"] == cell
    assert found["nowhere"].startswith(f"{NOWHERE} {'`theis2018-fisher`' if is_listed else 'none'}.")


def test_the_rival_is_who_ends_best_on_the_validation_split_and_has_no_cell_of_its_own():
    better_on_test = [one.model_copy(update={"test_accuracy": 0.99}) for one in UNIFORM]
    found = told(better_on_test, NORMS, runs("theis2018-fisher", (0.9, 0.9)))
    assert found[""] == "`li2017-filter-l1` 86.0%, 5 epochs"
    assert "li2017-filter-l1" not in found
    assert found["uniform"] == "**+13.0**⁺"
    assert found["nowhere"] == f"{NOWHERE} none. {LONGER} none."


def test_budgets_and_compressions_other_than_the_rivals_are_marked():
    def fisher(epochs: float, reached: float = COMPRESSION) -> dict[str, str]:
        return told(NORMS, runs("theis2018-fisher", (0.9, 0.9), epochs, reached))

    assert fisher(6, 20.0)["theis2018-fisher"] == "**+4.0**⁺ at 20x"
    assert fisher(6)["nowhere"] == f"{NOWHERE} none. {LONGER} `theis2018-fisher`."
    assert fisher(5.4, 17.0)["theis2018-fisher"] == "**+4.0**"
    assert fisher(4)["theis2018-fisher"] == "**+4.0**⁻"
    assert told(runs("uniform", (0.8, 0.8), 5, 18.0), NORMS[:0], runs("theis2018-fisher", (0.9, 0.9)))[""] == (
        "`uniform` 80.0% at 18x, 5 epochs"
    )


def test_who_lost_a_seed_or_had_one_alone_is_neither_ahead_nor_behind():
    failed = Outcome(cell=Cell(method="theis2018-fisher", compression=COMPRESSION, seed=1), failure="Broke.")
    assert told(NORMS, [*runs("theis2018-fisher", (0.9,)), failed])["theis2018-fisher"] == "+4.0"
    assert told(NORMS[:1], runs("theis2018-fisher", (0.8,)))["theis2018-fisher"] == "-5.0"


def test_single_weights_have_rivals_of_their_own():
    weights = runs("global-magnitude-weights", (0.9, 0.9)), runs("lamp2021", (0.91, 0.91))
    found = told(UNIFORM, runs("theis2018-fisher", (0.83, 0.83)), *weights)
    assert found["lamp2021"] == "**+1.0**"
    assert found["theis2018-fisher"] == "**+2.0**⁻"


def test_a_method_without_a_rival_or_a_result_has_no_row():
    failed = Outcome(cell=Cell(method="wen2016-ssl", compression=COMPRESSION, seed=0), failure="Broke.")
    found = told(UNIFORM, NORMS, [failed], runs("lamp2021", (0.9,)))
    assert found.keys() == {"", "uniform", "nowhere"}


def test_a_comparison_without_that_compression_has_no_column(tmp_path: Path):
    document = tmp_path / "a.md"
    empty = f"<!-- {SECTION} -->\n<!-- end of {SECTION} -->\n"
    document.write_text(empty)
    for data, compression in (("blobs", COMPRESSION), ("clouds", 4.0)):
        outcomes = tuple(
            one.model_copy(update={"cell": one.cell.model_copy(update={"compression": compression})})
            for one in (*UNIFORM, *NORMS)
        )
        write_results(Comparison(network="lenet300", data=data, outcomes=outcomes), tmp_path / f"{data}.json")
    files = [str(file) for file in tmp_path.glob("*.json")]
    nowhere = CliRunner().invoke(command, [*files, "--document", str(document), "--compression", "8"])
    assert nowhere.exit_code == 2
    assert "--compression: these results have no 8x; choose among 4, 16" in nowhere.output
    assert document.read_text() == empty
    assert CliRunner().invoke(command, [*files, "--document", str(document)]).exit_code == 0
    assert "| Whole channels | lenet300 on blobs |\n" in document.read_text()


def test_what_the_benchmarks_say_is_what_the_results_give():
    found = [read_results(file) for file in sorted((DOCS / "results").glob("*.json"))]
    assert verdicts(found, COMPRESSION) in (DOCS / "benchmarks.md").read_text()
