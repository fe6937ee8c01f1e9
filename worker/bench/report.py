"""A comparison as a table and as a figure for documents."""

import os
import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TypeAlias

from backend.domain.comparison import Comparison, Spread
from backend.domain.errors import InvalidValue
from backend.domain.presets import PRESETS
from worker.files import require_writable, write_whole

_DATA_MARK = re.compile(r"<!-- data (\w+) -->")
_ZEROS = " ¹"
"""Marks methods that set single weights to zero."""
_CLOSE = 1.1
"""Compressions up to so many times what was asked for pass as that: whole channels go by steps."""
BEYOND = (
    '"at 69x": the compression that was reached, on average over seeds, where it is more than a tenth above the '
    "column's. Targets of single weights count zeros, and channels that these leave without inputs or outputs go on "
    "top; a regularizer may close more than was asked for."
)


def to_markdown(comparison: Comparison, same: Collection[Sequence[str]] = ()) -> str:
    """Test accuracy, mean (lowest to highest), by method and compression, and the training that each method took.

    What failed is told below, and which methods are the `same` here.
    """
    heads, rows = table_of(comparison)
    dense = comparison.dense_test_accuracy()
    lines = [f"Dense: {cell_of(dense)}.", "", f"| {' | '.join(heads)} |", "|---|" + "---:|" * (len(heads) - 1)]
    lines += [f"| `{method}`{mark} | {' | '.join(cells)} |" for method, mark, cells in rows]
    lines += [line for note in notes_of(comparison, rows) for line in ("", note)]
    lines += [line for methods in same for line in ("", _sameness(methods))]
    choices = _choices(comparison)
    failures = _failures(comparison)
    lines += ["", "Chosen on the validation split, in how many runs:", "", *choices] if choices else []
    return "\n".join([*lines, "", "Runs without a result:", "", *failures] if failures else lines)


Row: TypeAlias = tuple[str, str, list[str]]
"""Method, the mark behind its name, and its cells."""


def table_of(comparison: Comparison) -> tuple[list[str], list[Row]]:
    """Heads of all columns, and the rows."""
    heads = ["method", *(f"{value:g}x" for value in comparison.compressions), "epochs"]
    rows = []
    for method in comparison.methods:
        cells = [
            cell_of(comparison.test_accuracy(method, value)) + beyond(comparison.reached(method, value), value)
            for value in comparison.compressions
        ]
        cells.append(_range(comparison.epochs(method)))
        rows.append((method, _ZEROS if keeps_shapes(method) else "", cells))
    return heads, rows


def notes_of(comparison: Comparison, rows: Iterable[Row]) -> list[str]:
    """What marks and additions in these rows mean."""
    notes = []
    if any(map(keeps_shapes, comparison.methods)):
        notes.append(
            f"{_ZEROS.strip()} Single weights; zeros are not counted. Same shapes but for dead channels: hardly faster "
            "until a sparse runtime is used."
        )
    if any(" at " in cell for _, _, cells in rows for cell in cells):
        notes.append(BEYOND)
    return notes


def beyond(reached: Spread | None, asked: float) -> str:
    """Such as ` at 69x`, where the mean compression that was reached is well above what was asked for; else nothing."""
    return f" at {reached.mean:.3g}x" if reached is not None and reached.mean > _CLOSE * asked else ""


def _sameness(methods: Sequence[str]) -> str:
    names = ", ".join(f"`{method}`" for method in methods)
    return (
        f"{names}: one experiment under {len(methods)} names. What sets these methods apart (the step that is rewound "
        "to, say) comes to the same in a training as short as this one."
    )


def _choices(comparison: Comparison) -> list[str]:
    """A line for each method whose runs had a choice of settings, the most frequent ones first."""
    counts: dict[str, Counter[str]] = {}
    for outcome in comparison.outcomes:
        if outcome.failure is None and outcome.settings:
            counts.setdefault(outcome.cell.method, Counter())[outcome.settings] += 1
    return [
        f"- `{method}`: {'; '.join(f'{settings} ({count})' for settings, count in found.most_common())}"
        for method, found in counts.items()
    ]


def _failures(comparison: Comparison) -> list[str]:
    """A line for each method and failure, with where it was so, if not in all runs of the method."""
    places: dict[tuple[str, str], list[str]] = {}
    for outcome in comparison.outcomes:
        if outcome.failure:
            place = f"{outcome.cell.compression:g}x (seed {outcome.cell.seed})"
            places.setdefault((outcome.cell.method, outcome.failure), []).append(place)
    runs = Counter(outcome.cell.method for outcome in comparison.outcomes)
    return [
        f"- `{method}`{'' if len(found) == runs[method] else ', ' + ', '.join(found)}: {reason}"
        for (method, reason), found in places.items()
    ]


def check_figure(file: Path) -> None:
    """Say before a long comparison what would keep its figure from being written.

    Raises InvalidValue for another ending than `.svg` and `.png`, a place that cannot be written, and where matplotlib
    is missing.
    """
    if file.suffix not in (".svg", ".png"):
        raise InvalidValue(f"A figure for documents is an SVG or PNG file, not `{file.name}`.")
    require_writable(file)
    if find_spec("matplotlib") is None:
        raise InvalidValue(
            "Figures for documents are drawn with matplotlib, which is not installed.",
            hint="Install the project with its extra: `pip install secateur[worker,bench]`.",
        )


def write_figure(comparison: Comparison, file: Path) -> None:
    """Draw test accuracy against compression, a panel for each family of methods, into an SVG or PNG file."""
    curves = import_module("worker.bench.curves")  # matplotlib comes with an extra
    curves.write_curves(curves.panels_of(comparison), comparison.dense_test_accuracy(), file)


def link_to(figure: Path, document: Path, comparison: Comparison) -> str:
    """Markdown that shows the figure in the document."""
    place = Path(os.path.relpath(figure, document.parent)).as_posix()
    return f"![Test accuracy against compression, {comparison.network} on {comparison.data}]({place})"


def check_section(file: Path, name: str, content_hash: str) -> None:
    """Say before a long comparison that its table cannot go into a document: raises InvalidValue.

    The document cannot be written, has no such section, or has one of a dataset with another `content_hash`. Sections
    from before it was written down pass.
    """
    require_writable(file)
    _, content, _ = _parts_of(file, name)
    marked = _DATA_MARK.search(content)
    if marked is not None and marked[1] != content_hash:
        raise InvalidValue(
            f"The section `{name}` of {file} is of another dataset of that name.",
            hint="Rename the data file, and write a section of the new name into the document.",
        )


def data_mark(content_hash: str) -> str:
    """What a section says, unseen, of the dataset that its figures are of."""
    return f"<!-- data {content_hash} -->"


def replace_section(file: Path, name: str, text: str) -> None:
    """Put `text` between the marks `<!-- name -->` and `<!-- end of name -->` of a document.

    Raises InvalidValue when the document has no such marks.
    """
    before, _, after = _parts_of(file, name)
    write_whole(file, f"{before}\n{text}\n{after}".encode())


def _parts_of(file: Path, name: str) -> tuple[str, str, str]:
    """What comes before a section of a document, its start included, the section, and what comes from its end on."""
    start, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    try:
        content = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InvalidValue(f"{file} is no UTF-8 text.", hint="Give a Markdown file in UTF-8.") from error
    before, found, rest = content.partition(start)
    section, closed, after = rest.partition(end)
    if not (found and closed):
        raise InvalidValue(f"{file} has no section `{name}`.", hint=f"Write the lines {start} and {end} into it.")
    return before + start, section, end + after


def keeps_shapes(method: str) -> bool:
    """Whether a preset sets single weights to zero."""
    return PRESETS[method].recipe.prune.granularity.kind == "unstructured"


def cell_of(spread: Spread | None) -> str:
    """Such as `97.20% (96.10% to 98.05%)`; without a range where there is one run, and `none` of nothing."""
    if spread is None:
        return "none"
    if spread.count == 1:
        return f"{spread.mean:.2%}"
    return f"{spread.mean:.2%} ({spread.lowest:.2%} to {spread.highest:.2%})"


def _range(spread: Spread | None) -> str:
    if spread is None:
        return "none"
    lowest, highest = f"{spread.lowest:.0f}", f"{spread.highest:.0f}"
    return lowest if lowest == highest else f"{lowest} to {highest}"
