import pytest

from backend.domain.reports import RunReport
from backend.figures.information import draw_information


def test_mass_and_norm_of_every_layer_that_has_them_are_drawn_one_above_the_other(report: RunReport):
    mass, norm = draw_information(report).data
    assert (mass.name, norm.name) == ("conv1", "conv1")
    assert list(mass.y) == pytest.approx([0.01, 0.02, 0.03, 0.04])
    assert list(norm.y) == pytest.approx([0.1, 0.2, 0.3, 0.4])
    assert (mass.yaxis, norm.yaxis) == (None, "y2")
    assert (mass.showlegend, norm.showlegend) == (True, False)


def test_a_layer_that_tells_nothing_any_more_leaves_a_gap_on_the_logarithmic_axis(report: RunReport):
    silent = report.steps[1].model_copy(update={"fisher_mass": (0.0, None, None)})
    steps = (report.steps[0], silent, *report.steps[2:])
    mass, _ = draw_information(report.model_copy(update={"steps": steps})).data
    assert list(mass.y) == [pytest.approx(0.01), None, pytest.approx(0.03), pytest.approx(0.04)]


def test_many_layers_have_no_legend_which_would_take_more_room_than_the_lines(report: RunReport):
    layer = report.layout.layers[0]
    layout = report.layout.model_copy(update={"layers": (layer,) * 20})
    many = {"fisher_mass": (0.1,) * 20, "fisher_rao_norm": (0.2,) * 20}
    steps = tuple(step.model_copy(update=many) for step in report.steps)
    figure = draw_information(report.model_copy(update={"layout": layout, "steps": steps}))
    assert len(figure.data) == 40
    assert not any(trace.showlegend for trace in figure.data)


def test_histories_from_before_it_was_recorded_make_an_empty_figure_whose_axes_carry_units(report: RunReport):
    steps = tuple(step.model_copy(update={"fisher_mass": (), "fisher_rao_norm": ()}) for step in report.steps)
    figure = draw_information(report.model_copy(update={"steps": steps}))
    assert not figure.data
    assert figure.layout.yaxis.title.text == "Fisher mass (nats)"
