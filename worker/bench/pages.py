"""The measured figures in the pages of the methods: `python -m worker.bench.pages docs/results/*.json`."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import click

from backend.domain.comparison import Comparison, Spread
from backend.domain.presets import PRESETS
from worker.bench.report import BEYOND, beyond, keeps_shapes, replace_section
from worker.bench.results import read_results

SECTION = "our numbers"
"""Between `<!-- our numbers -->` and `<!-- end of our numbers -->` of a page."""
_TITLE_NAME = re.compile(r"`([^`]+)`")
_PAPERS_NUMBERS = re.compile(r"^## The papers?'s? numbers$(.*?)^## ", re.MULTILINE | re.DOTALL)
_MNIST = re.compile(r"(?<!Fashion-)\bMNIST\b")
_OTHER_DATA = (
    "Other data than the paper's MNIST: not comparable with the paper's numbers. No table of methods is on MNIST, but "
    "[what three papers claim](../benchmarks.md#half-of-what-papers-report-for-lenet-5-on-mnist) was run on it."
)
_BASELINES = {True: ("uniform-magnitude-weights", "global-magnitude-weights"), False: ("uniform",)}
"""What a method is put beside, by whether it keeps all shapes: the smallest norms, inside layers and over all."""


@click.command("pages")
@click.argument("results", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--folder", default="docs/methods", type=click.Path(exists=True, file_okay=False, path_type=Path))
def command(results: Sequence[Path], folder: Path) -> None:
    """Write what comparisons found into the page of every method that they had."""
    found = [read_results(file) for file in results]
    for page in sorted(folder.glob("*.md")):
        content = page.read_text(encoding="utf-8")
        methods = [name for name in _TITLE_NAME.findall(content.partition("\n")[0]) if name in PRESETS]
        text = numbers(methods, found)
        if text and f"<!-- {SECTION} -->" in content:
            is_elsewhere = papers_have_mnist(content) and all(results.data != "mnist" for results in found)
            replace_section(page, SECTION, f"{text}\n\n{_OTHER_DATA}" if is_elsewhere else text)
            click.echo(page)


def papers_have_mnist(page: str) -> bool:
    """Whether the numbers that a page quotes from its paper are of MNIST."""
    quoted = _PAPERS_NUMBERS.search(page)
    return quoted is not None and _MNIST.search(quoted[1]) is not None


def numbers(methods: Sequence[str], found: Iterable[Comparison]) -> str:
    """A table for each comparison that had one of the methods: their test accuracies, beside dense and baseline."""
    tables = []
    for results in found:
        rows = [(method, _row(results, method)) for method in _with_baseline(methods)]
        present = [(method, row) for method, row in rows if any(cell != "none" for cell in row)]
        if not any(method in methods for method, _ in present):
            continue
        heads = [f"{compression:g}x" for compression in results.compressions]
        dense = results.dense_test_accuracy()
        table = [
            f"{results.network} on {results.data}; dense {_cell(dense)}.",
            "",
            f"| test accuracy, % | {' | '.join(heads)} |",
            "|---|" + "---:|" * len(heads),
            *(f"| `{method}` | {' | '.join(row)} |" for method, row in present),
        ]
        tables.append("\n".join(table))
    if not tables:
        return ""
    note = (
        "Mean (lowest to highest) over seeds, by compression; conditions and all other methods: "
        "[benchmarks](../benchmarks.md)."
    )
    beyond_it = [BEYOND] if any(" at " in table.partition("|---|")[2] for table in tables) else []
    return "\n\n".join([*tables, *beyond_it, note])


def _with_baseline(methods: Sequence[str]) -> tuple[str, ...]:
    kinds = {keeps_shapes(method) for method in methods}
    return tuple(dict.fromkeys([*methods, *(name for kind in sorted(kinds) for name in _BASELINES[kind])]))


def _row(results: Comparison, method: str) -> list[str]:
    return [
        _cell(results.test_accuracy(method, value)) + beyond(results.reached(method, value), value)
        for value in results.compressions
    ]


def _cell(spread: Spread | None) -> str:
    if spread is None:
        return "none"
    if spread.count == 1:
        return f"{spread.mean:.1%}".replace("%", "")
    return f"{spread.mean:.1%} ({spread.lowest:.1%} to {spread.highest:.1%})".replace("%", "")


if __name__ == "__main__":
    command()
