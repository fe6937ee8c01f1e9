import json

import pytest

from backend.domain.network import NetworkSummary
from backend.domain.reports import RunReport
from backend.figures import FIGURES, RunView, to_wire


def widths_of(figure):
    return [width for trace in figure.data if trace.name == "coupled with conv1" for width in trace.y]


@pytest.mark.parametrize("name", ["accuracy", "widths", "architecture", "loss", "information"])
def test_every_figure_can_be_drawn_of_a_run_and_sent_as_json(name, report, network):
    wire = to_wire(FIGURES[name](RunView(report=report, network=network)))
    assert wire["data"]
    json.dumps(wire, allow_nan=False)


@pytest.mark.parametrize("name", ["accuracy", "widths", "loss", "information"])
def test_a_run_without_results_has_empty_figures(name, empty_report: RunReport):
    assert to_wire(FIGURES[name](RunView(report=empty_report)))["data"] == []


def test_plotlys_template_stays_at_home(report: RunReport):
    figure = FIGURES["loss"](RunView(report=report))
    assert "template" not in to_wire(figure)["layout"]
    assert figure.layout.template.layout.colorway  # and the figure itself is left alone


@pytest.mark.parametrize(("step", "width"), [(None, 2), (4, 2), (2, 3), (0, 4), (99, 2)])
def test_the_architecture_shows_the_step_that_was_asked_for(report, network: NetworkSummary, step, width):
    figure = FIGURES["architecture"](RunView(report=report, network=network, step=step))
    assert widths_of(figure) == [width, width]


def test_where_a_point_was_handed_out_its_own_size_is_drawn(report, network: NetworkSummary):
    last = report.points[-1].model_copy(update={"step": 4, "widths": (1, 1, 2), "dead_channels": ("conv1:0",)})
    thinner = report.model_copy(update={"points": (*report.points[:-1], last)})
    assert widths_of(FIGURES["architecture"](RunView(report=thinner, network=network))) == [1, 1]
    assert widths_of(FIGURES["architecture"](RunView(report=thinner, network=network, step=3))) == [3, 3]
    (heat,) = FIGURES["widths"](RunView(report=thinner)).data
    assert [row[-1] for row in heat.z] == [0.25, 0.25, 1.0]


def test_a_layer_that_is_gone_is_told_as_removed_and_its_coupled_layers_keep_their_operations(
    report, network: NetworkSummary
):
    last = report.points[-1].model_copy(update={"step": 4, "widths": (0, 2, 2), "removed_layers": ("conv1",)})
    short = report.model_copy(update={"points": (*report.points[:-1], last)})
    (heat,) = FIGURES["widths"](RunView(report=short)).data
    assert [row[-1] for row in heat.z] == [0.0, 0.5, 1.0]
    assert heat.text[0][-1] == "removed, 0 of 4"
    assert heat.text[0][0] == "3 of 4"
    figure = FIGURES["architecture"](RunView(report=short, network=network))
    assert widths_of(figure) == [0, 2]
    (labels,) = (trace.text for trace in figure.data if trace.name == "coupled with conv1")
    assert "removed, 0 of 4 channels<br>0 of 3,600 MACs" in labels[0]
    assert "2 of 4 channels<br>400 of 1,600 MACs" in labels[1]


def test_the_architecture_of_an_unknown_network_is_empty(report: RunReport):
    assert not FIGURES["architecture"](RunView(report=report)).data
