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


def test_the_architecture_of_an_unknown_network_is_empty(report: RunReport):
    assert not FIGURES["architecture"](RunView(report=report)).data
