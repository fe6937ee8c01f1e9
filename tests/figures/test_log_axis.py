import math

import pytest

from backend.domain.reports import RunReport
from backend.figures.information import draw_information
from backend.figures.log_axis import log_axis


@pytest.mark.parametrize(("highest", "step"), [(1e-1, 1), (1e5, 1), (1e6, 2), (1e14, 3)])
def test_powers_of_ten_alone_are_labeled_and_never_more_than_fit(highest: float, step: int):
    axis = log_axis([1e-3, highest])
    assert (axis["type"], axis["dtick"], axis["exponentformat"]) == ("log", step, "power")


@pytest.mark.parametrize(("values", "form"), [((0.02, 0.5), "~g"), ((2e-7, 5e-6), "~e"), ((0.2, 1.1), "~g")])
def test_an_axis_of_few_powers_has_whole_numbers_for_labels(values: tuple[float, ...], form: str):
    axis = log_axis(values)
    assert (axis["tickformat"], axis["dtick"]) == (form, "D2")


@pytest.mark.parametrize("values", [(2.0, 4.0), (3.0,), ()])
def test_an_axis_of_less_than_a_power_is_left_a_few_labels_in_between(values: tuple[float, ...]):
    axis = log_axis(values)
    assert "dtick" not in axis
    assert (axis["tickformat"], axis["nticks"]) == ("~g", 5)


def test_what_has_no_logarithm_takes_no_room():
    assert log_axis([None, 0.0, -1.0, math.inf, math.nan, 0.2, 0.3]) == log_axis([0.2, 0.3])


def test_mass_and_norm_have_each_their_own_labels(report: RunReport):
    masses = (1e-6, 1e-4, 1e-3, 1e-2)
    steps = tuple(
        step.model_copy(update={"fisher_mass": (mass, None, None)})
        for step, mass in zip(report.steps, masses, strict=True)
    )
    layout = draw_information(report.model_copy(update={"steps": steps})).layout
    assert (layout.yaxis.dtick, layout.yaxis.tickformat) == (1, None)
    assert (layout.yaxis2.dtick, layout.yaxis2.tickformat) == (None, "~g")  # from 0.1 to 0.4
