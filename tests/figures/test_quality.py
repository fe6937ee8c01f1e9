import pytest

from backend.domain.instability import MeasuredRemoval
from backend.domain.reports import OperatingPoint, RunReport
from backend.figures.calibration import draw_calibration
from backend.figures.instability import draw_instability
from tests.figures.conftest import make_point


def measured(point: OperatingPoint, before: float | None) -> OperatingPoint:
    errors = {"retrained_calibration_error": 0.01 * point.index, "test_calibration_error": 0.02 * point.index}
    return point.model_copy(update={"before_accuracy": before, **errors})


@pytest.fixture
def recorded(report: RunReport) -> RunReport:
    """Point 1 falls from 0.9 to 0.7, point 2 from 0.8 to 0.5; the dense network was not pruned."""
    points = tuple(measured(point, before) for point, before in zip(report.points, (None, 0.9, 0.8), strict=True))
    return report.model_copy(update={"points": points})


def test_instability_is_what_the_removals_alone_take_away(recorded: RunReport):
    (bars,) = draw_instability(recorded).data
    assert list(bars.x) == [1, 2]
    assert list(bars.y) == pytest.approx([20, 30])
    assert bars.hovertemplate.startswith("<b>%{y:.2f} points</b> lost")
    assert "22.2% of the accuracy before" in bars.text[0]
    assert [point.relative_instability for point in recorded.points[1:]] == pytest.approx([0.2 / 0.9, 0.3 / 0.8])


def removals(*drops: float) -> tuple[MeasuredRemoval, ...]:
    """One in each step from 1, each from 0.8."""
    return tuple(
        MeasuredRemoval(step=place + 1, before_accuracy=0.8, pruned_accuracy=0.8 - drop)
        for place, drop in enumerate(drops)
    )


def test_single_removals_stand_above_the_points_that_they_add_up_to(recorded: RunReport):
    """Point 1 (up to step 2) lost 0.2 and point 2 (up to step 4) 0.3, whatever training won back between."""
    figure = draw_instability(recorded, removals(0.1, 0.15, 0.4, 0.0))
    bars, marks, mean = figure.data
    assert list(bars.y) == pytest.approx([20, 30])
    assert (list(marks.x), list(marks.y)) == ([1, 2, 3, 4], pytest.approx([10, 15, 40, 0]))
    assert list(mean.y) == pytest.approx([16.25] * 2)
    assert mean.name == "mean of 4: 16.25 points, at most 40.00 points (step 3)"
    first, second = (" ".join(text.split("<br>")) for text in bars.text)
    assert "2 removals took 12.50 points of validation accuracy each on average, 15.00 points at most (step 2)" in first
    assert first.endswith("25.00 points in sum; the training steps before them won back 5.00 points.")
    assert second.endswith("40.00 points in sum; the training steps before them won back 10.00 points.")
    titles = {figure.layout.yaxis.title.text, figure.layout.yaxis2.title.text}
    assert titles == {"Lost in all (points)", "Lost per removal (points)"}
    assert figure.layout.yaxis.domain[1] < figure.layout.yaxis2.domain[0]


def test_of_very_many_removals_those_that_took_most_are_drawn(recorded: RunReport):
    drops = [0.5 if place == 700 else 0.001 * (place % 2) for place in range(1300)]
    _, marks, mean = draw_instability(recorded, removals(*drops)).data
    assert marks.name == "the largest of every 3 removals"
    assert 400 <= len(marks.x) <= 600
    assert (701, pytest.approx(50)) in zip(marks.x, marks.y, strict=True)
    assert min(marks.y) == pytest.approx(0.1)
    assert mean.y[0] == pytest.approx(100 * sum(drops) / 1300)


def test_removals_are_drawn_before_a_point_is_reached(report: RunReport):
    running = report.model_copy(update={"points": report.points[:1]})
    assert [trace.type for trace in draw_instability(running, removals(0.1, 0.2)).data] == ["scatter", "scatter"]


def test_calibration_starts_with_the_dense_network(recorded: RunReport):
    figure = draw_calibration(recorded)
    validation, test = figure.data
    assert figure.layout.xaxis.autorangeoptions.clipmin == -0.5, "there is no point -1"
    assert list(validation.x) == list(test.x) == [0, 1, 2]
    assert list(test.y) == pytest.approx([0, 0.02, 0.04])


@pytest.mark.parametrize(("draw", "unit"), [(draw_instability, "(points)"), (draw_calibration, "(%)")])
def test_points_from_before_these_were_recorded_make_an_empty_figure(report: RunReport, draw, unit: str):
    figure = draw(report)
    assert not figure.data
    assert unit in figure.layout.yaxis.title.text
    assert make_point(1, 100).instability is None


def test_a_single_error_has_an_axis_from_zero_that_stays_in_what_an_error_can_be(recorded: RunReport):
    axis = draw_calibration(recorded.model_copy(update={"points": recorded.points[:1]})).layout.yaxis
    assert axis.rangemode == "tozero"
    options = axis.autorangeoptions
    assert (options.clipmin, options.clipmax) == (0, 1)
    assert 0 < options.include < 0.1
