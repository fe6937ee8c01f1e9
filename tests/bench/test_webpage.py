"""The page of a comparison: methods side by side can be told apart."""

import math
from pathlib import Path

from backend.domain.comparison import Cell, Comparison, Outcome
from backend.figures.comparison import draw_comparison
from worker.bench.webpage import write_page


def comparison(*accuracies: float) -> Comparison:
    """One method, asked for 2x, 4x, 8x, and so on."""
    cells = [Cell(method="erk", compression=2.0 ** (1 + place), seed=0) for place in range(len(accuracies))]
    outcomes = [
        Outcome(cell=cell, dense_accuracy=0.95, test_accuracy=accuracy, reached=cell.compression)
        for cell, accuracy in zip(cells, accuracies, strict=True)
    ]
    return Comparison(network="lenet300", data="blobs", outcomes=tuple(outcomes))


def test_what_breaks_down_lies_below_the_figure_and_is_told(tmp_path: Path):
    wide = comparison(*[0.9] * 20, 0.1)
    bottom, top = draw_comparison(wide).layout.yaxis.range
    assert top < math.log10(1 - 0.9) < bottom < math.log10(1 - 0.1)
    write_page(wide, (), tmp_path / "page.html")
    assert "Some methods lie below the figure" in (tmp_path / "page.html").read_text()


def test_nothing_is_told_where_all_can_be_seen(tmp_path: Path):
    write_page(comparison(0.9, 0.88, 0.8), (), tmp_path / "page.html")
    assert "below the figure" not in (tmp_path / "page.html").read_text()
