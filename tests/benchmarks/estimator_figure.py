"""Bias and variance of gradient estimators as a figure for documents."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from backend.figures import palette
from worker.bench.paper import INK, page

HEIGHT = 3.2
"""Inches."""
_BIASED = 3.0
"""A bias of more than so many times what chance gives is no chance."""


@dataclass(frozen=True)
class Estimate:
    """What one estimator does."""

    name: str
    bias: float
    """Norm of the mean's distance from the exact gradient, over the norm of that."""
    noise: float
    """The same for the distance that chance alone would give."""
    variance: float
    """Summed over the gates, of one draw, over the squared norm of the exact gradient."""
    passes: str
    """Forward (and backward) passes of a draw."""

    @property
    def is_biased(self) -> bool:
        """The distance is not to be had by chance."""
        return self.bias > _BIASED * self.noise


def write_estimates(estimates: Sequence[Estimate], file: Path) -> None:
    """Draw into an SVG or PNG file, by its ending."""
    with page(file, HEIGHT) as figure:
        draw_estimates(figure, estimates)


def draw_estimates(figure: Figure, estimates: Sequence[Estimate]) -> None:
    """Bias on the left, with what chance alone would give; variance on the right, on a logarithmic scale."""
    left, right = figure.subplots(1, 2, sharey=True)
    places = range(len(estimates))
    colors = [palette.COUPLED[1] if one.is_biased else palette.COUPLED[0] for one in estimates]
    chance = left.barh(places, [one.noise for one in estimates], 0.5, color="#dee2e6", label="by chance")
    left.scatter([one.bias for one in estimates], places, color=colors, zorder=3)
    right.scatter([one.variance for one in estimates], places, color=colors, zorder=3)
    right.hlines(places, 1, [one.variance for one in estimates], colors=colors, linewidth=1.5)
    for place, one in enumerate(estimates):
        right.annotate(f"{one.variance:.1f}", (one.variance, place), (7, 0), textcoords="offset points", va="center")
        if one.is_biased:
            left.annotate("biased", (one.bias, place), (-8, 0), textcoords="offset points", ha="right", va="center")
    left.set(title="Bias", xlabel="Error of the mean / norm of the gradient", xlim=(0, None))
    left.set_yticks(places, [one.name for one in estimates], color=INK)
    left.invert_yaxis()
    left.legend(handles=[chance], loc="upper right")
    right.set(title="Variance of one draw", xlabel="Variance / squared norm of the gradient", xscale="log")
    right.set_xlim(1, 3 * max(one.variance for one in estimates))
    right.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    for field in (left, right):
        field.grid(axis="y", visible=False)
