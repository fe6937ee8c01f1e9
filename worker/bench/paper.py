"""Figures for documents: SVG or PNG on a light ground, legible at the width of a page on GitHub; needs matplotlib."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

INK, GRID = "#212529", "#e9ecef"
WIDTH = 10.0
"""Inches; at 72 points an inch about the width of a README, so that sizes of letters are those that the reader sees."""
DPI = 144
_STYLE: dict[Any, Any] = {
    "font.family": ["DejaVu Sans", "sans-serif"],
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#868e96",
    "axes.labelcolor": INK,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": GRID,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "legend.columnspacing": 0.8,
    "legend.handlelength": 1.5,
    "legend.handletextpad": 0.4,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "svg.fonttype": "none",  # letters stay text: small files, and found by a search
    "svg.hashsalt": "secateur",
}


@contextmanager
def page(file: Path, height: float) -> Iterator[Figure]:
    """A figure of this height in inches to draw on; written to `file`, by its ending, when the block ends.

    The same drawing gives the same bytes.
    """
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(WIDTH, height), layout="constrained", facecolor="white")
        yield figure
        file.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(file, dpi=DPI, metadata={"Date": None} if file.suffix == ".svg" else {})
