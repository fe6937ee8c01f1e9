import pytest

from backend.domain.reports import RunReport
from backend.figures.information import draw_information
from backend.figures.loss import draw_loss
from backend.figures.steps import step_axis
from backend.figures.widths import draw_widths


@pytest.mark.parametrize(("steps", "dtick"), [([], None), ([1], 1), ([1, 2, 3], 1), ([5, 40, 80], None)])
def test_few_steps_have_a_tick_each_and_none_between(steps: list[int], dtick: int | None):
    assert step_axis(steps).get("dtick") == dtick


@pytest.mark.parametrize("draw", [draw_loss, draw_widths])
def test_figures_of_short_runs_have_whole_ticks(report: RunReport, draw):
    assert len(report.steps) < 10
    assert draw(report).layout.xaxis.dtick == 1


def test_figures_without_steps_have_a_step_axis_all_the_same(empty_report: RunReport):
    assert draw_information(empty_report).layout.xaxis.title.text == "Step"
