import pytest

from backend.domain.reports import RunReport, Zeros
from backend.figures.accuracy import draw_accuracy
from backend.figures.widths import draw_widths
from tests.figures.conftest import make_layout, make_step


def test_a_row_per_layer_shows_the_width_it_keeps_of_its_own_dense_width(report: RunReport):
    heat = draw_widths(report).data[0]
    assert list(heat.y) == ["conv1", "conv2", "fc"]
    assert list(heat.x) == [1, 2, 3, 4]
    assert [list(row) for row in heat.z] == [[0.75, 0.75, 0.75, 0.5], [0.75, 0.75, 0.75, 0.5], [1, 1, 1, 1]]


def test_the_scale_is_the_same_for_every_run(report: RunReport):
    heat = draw_widths(report).data[0]
    assert (heat.zmin, heat.zmax) == (0, 1)


def test_hover_labels_carry_raw_counts(report: RunReport):
    assert draw_widths(report).data[0].text[0][3] == "2 of 4"


@pytest.mark.parametrize("count", [300, 301, 5000])
def test_a_long_run_is_thinned_out_and_keeps_its_first_and_last_step(count):
    steps = tuple(make_step(number, 4) for number in range(1, count + 1))
    heat = draw_widths(RunReport(layout=make_layout(), steps=steps)).data[0]
    assert len(heat.x) == 300
    assert (heat.x[0], heat.x[-1]) == (1, count)
    assert list(heat.x) == sorted(set(heat.x))


def test_no_steps_make_an_empty_figure(empty_report: RunReport):
    assert not draw_widths(empty_report).data


def test_where_single_weights_go_it_shows_the_weights_that_each_layer_keeps():
    layers = tuple(layer.model_copy(update={"dense_weights": 40}) for layer in make_layout().layers)
    layout = make_layout().model_copy(update={"layers": layers, "granularity": "unstructured"})
    zeros = Zeros(count=60, prunable=120, left=(30, 20, 10), compressed_bytes=300)
    step = make_step(1, 4).model_copy(update={"zeros": zeros})
    heat = draw_widths(RunReport(layout=layout, steps=(step,))).data[0]
    assert [list(row) for row in heat.z] == [[0.75], [0.5], [0.25]]
    assert heat.text[2][0] == "10 of 40"
    assert heat.colorbar.title.text == "Weights kept"
    assert "weights" in heat.hovertemplate
    assert draw_accuracy(RunReport(layout=layout)).layout.xaxis.title.text == "Weights removed (%)"
