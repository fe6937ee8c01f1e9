import pytest

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
    assert list(bars.y) == pytest.approx([0.2, 0.3])
    assert "22.2% of the accuracy before" in bars.text[0]
    assert [point.relative_instability for point in recorded.points[1:]] == pytest.approx([0.2 / 0.9, 0.3 / 0.8])


def test_calibration_starts_with_the_dense_network(recorded: RunReport):
    validation, test = draw_calibration(recorded).data
    assert list(validation.x) == list(test.x) == [0, 1, 2]
    assert list(test.y) == pytest.approx([0, 0.02, 0.04])


@pytest.mark.parametrize("draw", [draw_instability, draw_calibration])
def test_points_from_before_these_were_recorded_make_an_empty_figure(report: RunReport, draw):
    figure = draw(report)
    assert not figure.data
    assert "(%)" in figure.layout.yaxis.title.text
    assert make_point(1, 100).instability is None


def test_a_single_error_has_an_axis_from_zero_that_stays_in_what_an_error_can_be(recorded: RunReport):
    axis = draw_calibration(recorded.model_copy(update={"points": recorded.points[:1]})).layout.yaxis
    assert axis.rangemode == "tozero"
    options = axis.autorangeoptions
    assert (options.clipmin, options.clipmax) == (0, 1)
    assert 0 < options.include < 0.1
