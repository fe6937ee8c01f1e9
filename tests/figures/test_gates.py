import pytest

from backend.domain.gate_probabilities import GateProbabilities
from backend.domain.reports import Phase, RunReport
from backend.figures.gates import draw_gates
from tests.figures.conftest import make_step


def told(step: int, layers: int = 2, *, is_random: bool = True) -> GateProbabilities:
    """Gates in all layers but the last."""

    def column(value: float | None) -> tuple[float | None, ...]:
        return (*((value,) * layers), None)

    shift = step / 100
    names = ("minimum", "lower_quartile", "median", "upper_quartile", "maximum")
    values = {name: column(place / 5 + shift if is_random else None) for place, name in enumerate(names)}
    return GateProbabilities(**values, open_share=column(1 - shift))


@pytest.fixture
def gated(report: RunReport) -> RunReport:
    """Three steps with gates in conv1 and conv2, then one of retraining."""
    steps = [make_step(number, 4, Phase.SPARSIFY).model_copy(update={"gates": told(number)}) for number in (1, 2, 3)]
    return report.model_copy(update={"steps": (*steps, make_step(4, 4, Phase.RETRAIN))})


def lines(figure) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for trace in figure.data:
        if trace.meta:
            found.setdefault(trace.meta, []).append(trace.line.dash)
    return found


def test_every_layer_with_gates_has_its_median_the_middle_half_and_the_share_that_is_open(gated: RunReport):
    figure = draw_gates(gated)
    assert lines(figure) == {"conv1": ["solid", "dash"], "conv2": ["solid", "dash"]}
    median, share = (trace for trace in figure.data if trace.meta == "conv1")
    assert list(median.x) == [1, 2, 3]
    assert list(median.y) == pytest.approx([0.41, 0.42, 0.43])
    assert list(share.y) == pytest.approx([0.99, 0.98, 0.97])
    low, high = [trace for trace in figure.data if not trace.meta][:2]
    assert (list(low.y), list(high.y)) == (pytest.approx([0.21, 0.22, 0.23]), pytest.approx([0.61, 0.62, 0.63]))
    assert (low.fill, high.fill) == ("none", "tonexty")


def test_one_layer_alone_shows_the_range_of_all_its_gates_too(gated: RunReport):
    figure = draw_gates(gated, "conv2")
    assert list(lines(figure)) == ["conv2"]
    bands = [list(trace.y) for trace in figure.data if not trace.meta]
    assert bands[0] == pytest.approx([0.01, 0.02, 0.03])
    assert bands[1] == pytest.approx([0.81, 0.82, 0.83])
    assert len(bands) == 4
    named = [trace.name for trace in figure.data if trace.showlegend]
    assert named == ["all gates", "middle half", "median", "open without noise"]
    assert not draw_gates(gated, "fc").data


def test_many_layers_are_lines_without_bands_and_without_a_legend(report: RunReport):
    layout = report.layout.model_copy(update={"layers": (report.layout.layers[0],) * 21})
    steps = tuple(step.model_copy(update={"gates": told(step.step, 20)}) for step in report.steps)
    figure = draw_gates(report.model_copy(update={"layout": layout, "steps": steps}))
    assert len(figure.data) == 20
    assert not any(trace.showlegend for trace in figure.data)


def test_gates_that_are_not_random_tell_their_share_alone(report: RunReport):
    steps = tuple(step.model_copy(update={"gates": told(step.step, is_random=False)}) for step in report.steps)
    figure = draw_gates(report.model_copy(update={"steps": steps}))
    assert lines(figure) == {"conv1": ["dash"], "conv2": ["dash"]}
    assert [trace.name for trace in figure.data] == ["conv1", "conv2"]
    assert figure.layout.yaxis.title.text == "Gates that are open (%)"


def test_histories_without_gates_make_an_empty_figure_whose_axes_have_titles(report: RunReport):
    figure = draw_gates(report)
    assert not figure.data
    assert "Probability" in figure.layout.yaxis.title.text
