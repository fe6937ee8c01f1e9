"""Several methods in one picture."""

import pytest

from backend.domain.presets import PRESETS
from backend.domain.side_by_side import ComparedRun, series_of
from backend.figures.side_by_side import draw_side_by_side
from tests.figures.conftest import make_layout, make_point


def compared(preset: str, seed: int, count: int, loss: float = 0.0) -> ComparedRun:
    points = [make_point(index, 6000 - 1000 * index) for index in range(count)]
    shifted = [point.model_copy(update={"test_accuracy": point.test_accuracy - loss}) for point in points]
    recipe = PRESETS[preset].recipe.model_copy(update={"seed": seed})
    return ComparedRun(f"{seed}", preset, "m", "d", recipe, make_layout(), shifted, is_finished=True)


def test_a_line_is_the_mean_over_seeds_up_to_the_last_common_point() -> None:
    """Test accuracies 0.88, 0.87, 0.86 and, for the other seed, 0.04 less."""
    series = series_of([compared("theis2018-fisher", 0, 3), compared("theis2018-fisher", 1, 2, loss=0.04)])
    (line,) = draw_side_by_side(series, "macs", "test").data
    assert list(line.x) == [1.0, 5000 / 6000]
    assert list(line.y) == pytest.approx([0.86, 0.85])
    assert list(line.error_y.array) == pytest.approx([0.02, 0.02])
    assert list(line.error_y.arrayminus) == pytest.approx([0.02, 0.02])


def test_validation_accuracy_is_that_after_retraining() -> None:
    (line,) = draw_side_by_side(series_of([compared("theis2018-fisher", 0, 2)]), "sparsity", "validation").data
    assert list(line.y) == pytest.approx([0.9, 0.89])


def test_compression_is_drawn_by_its_logarithm_from_left_to_right() -> None:
    series = series_of([compared("theis2018-fisher", 0, 3), compared("theis2018-fisher", 1, 3)])
    figure = draw_side_by_side(series, "compression", "test")
    layout = make_layout()
    assert list(figure.data[0].x) == [layout.dense_parameters / point.parameters for point in series[0].runs[0].points]
    assert (figure.layout.xaxis.type, figure.layout.xaxis.autorange) == ("log", None)


def test_baselines_are_dashed_and_methods_are_not() -> None:
    series = series_of([compared("random-channel", 0, 2), compared("magnitude-channel", 0, 2)])
    assert [line.line.dash for line in draw_side_by_side(series, "macs", "test").data] == ["dash", "solid"]


def test_no_two_lines_look_alike_however_baselines_and_methods_are_mixed() -> None:
    series = series_of([compared(name, 0, 2) for name in PRESETS])
    lines = draw_side_by_side(series, "macs", "test").data
    assert len({(line.line.color, line.line.dash, line.marker.symbol) for line in lines}) == len(PRESETS)


def test_runs_without_points_give_no_line() -> None:
    assert not draw_side_by_side(series_of([compared("uniform", 0, 0)]), "macs", "test").data
