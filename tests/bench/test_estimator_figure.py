"""The figure of gradient estimators: what is biased stands out, everything is where its number is."""

from pathlib import Path
from xml.etree import ElementTree

import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from backend.figures.palette import COUPLED
from tests.benchmarks.estimator_figure import Estimate, draw_estimates, write_estimates

ESTIMATES = (
    Estimate("fair", bias=0.02, noise=0.03, variance=20.0, passes="2"),
    Estimate("skewed", bias=0.40, noise=0.01, variance=3.0, passes="1 (1)"),
)


def test_numbers_stand_at_their_places_and_only_bias_beyond_chance_is_marked():
    figure = Figure()
    draw_estimates(figure, ESTIMATES)
    left, right = figure.axes
    bias, variance = left.collections[0], right.collections[0]
    assert [tuple(point) for point in bias.get_offsets()] == [(0.02, 0), (0.40, 1)]
    assert [tuple(point) for point in variance.get_offsets()] == [(20.0, 0), (3.0, 1)]
    assert [to_hex(color) for color in bias.get_facecolors()] == [COUPLED[0], COUPLED[1]]
    assert [bar.get_width() for bar in left.patches] == pytest.approx([0.03, 0.01])
    assert [text.get_text() for text in left.texts] == ["biased"]


def test_the_file_names_every_estimator(tmp_path: Path):
    write_estimates(ESTIMATES, tmp_path / "figure.svg")
    words = {text.strip() for text in ElementTree.fromstring((tmp_path / "figure.svg").read_bytes()).itertext()}
    assert {"fair", "skewed", "Bias", "Variance of one draw"} <= words
