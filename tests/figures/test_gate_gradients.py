"""How noisy the gradients of gates are, by layer and side by side."""

import pytest

from backend.domain.reports import Phase, RunReport
from backend.domain.side_by_side import series_of
from backend.figures.gate_gradients import draw_layer_gradients, draw_series_gradients
from tests.figures.conftest import make_step
from tests.figures.test_side_by_side import compared


def noisy(step: int, *values: float | None):
    return make_step(step, 4, Phase.SPARSIFY).model_copy(update={"gate_gradient_variance": values})


def test_every_layer_whose_gates_are_estimated_has_a_line(report: RunReport) -> None:
    steps = (noisy(1, 0.5, None, None), noisy(2, 0.0, None, None), noisy(3, 0.05, None, None), make_step(4, 4))
    figure = draw_layer_gradients(report.model_copy(update={"steps": steps}))
    (line,) = figure.data
    assert (line.name, list(line.x), list(line.y)) == ("conv1", [1, 2, 3], [0.5, None, 0.05])
    assert figure.layout.yaxis.type == "log"


def test_histories_without_estimates_make_an_empty_figure(report: RunReport) -> None:
    assert not draw_layer_gradients(report).data
    assert not draw_series_gradients(series_of([compared("louizos2018-l0", 0, 2)]), {}).data


def test_a_method_is_the_mean_of_its_seeds_with_their_range_in_the_color_it_has_elsewhere() -> None:
    """As far as all seeds have come, and without steps of which no logarithm can be told."""
    chosen = [("random-channel", 7), ("louizos2018-l0", 0), ("louizos2018-l0", 1), ("li2019-l0-arm", 2)]
    series = series_of([compared(preset, seed, 2) for preset, seed in chosen])
    variances = {"0": {1: 1.0, 2: 4.0, 3: 2.0, 4: 9.0}, "1": {1: 3.0, 2: 2.0, 3: 0.0}, "2": {1: 8.0, 2: 6.0}}
    low, high, line, single = draw_series_gradients(series, variances).data
    assert (line.name, list(line.x), list(line.y)) == ("louizos2018-l0", [1, 2], [2.0, 3.0])
    assert (list(low.y), list(high.y), high.fill) == ([1.0, 2.0], [3.0, 4.0], "tonexty")
    assert (single.name, list(single.y)) == ("li2019-l0-arm", [8.0, 6.0])
    assert line.line.color != single.line.color
    red, green, blue = (int(line.line.color[place : place + 2], 16) for place in (1, 3, 5))
    assert high.fillcolor.startswith(f"rgba({red}, {green}, {blue}, ")


def test_a_seed_that_has_none_does_not_hide_the_others() -> None:
    series = series_of([compared("louizos2018-l0", seed, 2) for seed in (0, 1)])
    (line,) = draw_series_gradients(series, {"0": {1: 1.0}, "1": {}}).data
    assert list(line.y) == pytest.approx([1.0])
