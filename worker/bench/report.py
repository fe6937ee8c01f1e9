"""A comparison as a table and as a page of figures."""

from collections.abc import Collection
from pathlib import Path

from backend.domain.comparison import Comparison, Spread
from backend.domain.errors import InvalidValue
from backend.domain.presets import PRESETS
from backend.figures.comparison import draw_comparison

_ZEROS = " ¹"
"""Marks methods that set single weights to zero."""


def to_markdown(comparison: Comparison) -> str:
    """Test accuracy, mean (lowest to highest), by method and compression; what failed is told below."""
    heads = [f"{value:g}x" for value in comparison.compressions]
    dense = comparison.dense_test_accuracy()
    lines = [f"Dense: {_cell(dense)}.", "", f"| method | {' | '.join(heads)} |", "|---|" + "---:|" * len(heads)]
    for method in comparison.methods:
        cells = [_cell(comparison.test_accuracy(method, value)) for value in comparison.compressions]
        lines.append(f"| `{method}`{_ZEROS if _keeps_shapes(method) else ''} | {' | '.join(cells)} |")
    if any(map(_keeps_shapes, comparison.methods)):
        lines += [
            "",
            f"{_ZEROS.strip()} Same shapes: zeros are not counted. Not faster until a sparse runtime is used.",
        ]
    failures = [
        f"- `{outcome.cell.method}`, {outcome.cell.compression:g}x, seed {outcome.cell.seed}: {outcome.failure}"
        for outcome in comparison.outcomes
        if outcome.failure is not None
    ]
    if failures:
        lines += ["", "Runs without a result:", "", *failures]
    return "\n".join(lines)


def write_page(comparison: Comparison, baselines: Collection[str], file: Path) -> None:
    """Write the figure as a web page that needs nothing else."""
    draw_comparison(comparison, baselines).write_html(file, include_plotlyjs=True, full_html=True)


def replace_section(file: Path, name: str, text: str) -> None:
    """Put `text` between the marks `<!-- name -->` and `<!-- end of name -->` of a document.

    Raises InvalidValue when the document has no such marks.
    """
    start, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    content = file.read_text(encoding="utf-8")
    before, found, rest = content.partition(start)
    _, closed, after = rest.partition(end)
    if not (found and closed):
        raise InvalidValue(f"{file} has no section `{name}`.", hint=f"Write the lines {start} and {end} into it.")
    file.write_text(f"{before}{start}\n{text}\n{end}{after}", encoding="utf-8")


def _keeps_shapes(method: str) -> bool:
    return PRESETS[method].recipe.prune.granularity.kind == "unstructured"


def _cell(spread: Spread | None) -> str:
    if spread is None:
        return "none"
    return f"{spread.mean:.2%} ({spread.lowest:.2%} to {spread.highest:.2%})"
