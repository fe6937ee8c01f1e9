import json
import math

import pytest

from backend.domain.reports import RunReport
from backend.domain.scores import BINS, LayerScores, ScoreDistribution
from backend.figures import to_wire
from backend.figures.scores import draw_scores


def bins(**counts: int) -> tuple[int, ...]:
    """Counts by place of the bin, `at3=2` is two in the fourth."""
    return tuple(counts.get(f"at{place}", 0) for place in range(BINS))


def distribution(scale: str = "linear", low: float = 0.0) -> ScoreDistribution:
    conv = LayerScores(name="conv1", kept=bins(at3=1, at10=4), removed=bins(at0=2, at3=1), zeros_kept=0,
                       zeros_removed=0, threshold=3.5)  # fmt: skip
    fc = LayerScores(name="fc<1>", kept=bins(at39=2), removed=bins(), zeros_kept=1, zeros_removed=5, threshold=0.0)
    return ScoreDistribution(point=1, scale=scale, low=low, high=40.0, layers=(conv, fc))


def of(report: RunReport, scores: ScoreDistribution):
    return draw_scores(report.model_copy(update={"scores": (scores,)}))


def segments(trace) -> list[list[tuple[float, float]]]:
    found: list[list[tuple[float, float]]] = [[]]
    for x, y in zip(trace.x, trace.y, strict=True):
        if x is None:
            found.append([])
        else:
            found[-1].append((x, y))
    return [points for points in found if points]


def test_every_layer_has_a_histogram_as_high_as_its_row_with_the_first_layer_at_the_top(report: RunReport):
    figure = of(report, distribution())
    stayed, went = figure.data[:2]
    first, second = segments(stayed)
    assert (min(y for _, y in first), min(y for _, y in second)) == (1, 0)
    assert max(y for _, y in first) == pytest.approx(1.82)
    assert (10, 1.82) in [(x, round(y, 2)) for x, y in first]
    assert (3, round(1 + 0.82 / 2, 2)) in [(x, round(y, 2)) for x, y in first]  # one that stayed, one that went
    (lost,) = segments(went)
    assert max(y for x, y in lost if x <= 1) == pytest.approx(1 + 0.82 / 2)
    assert max(y for x, y in lost if x >= 3) == pytest.approx(1 + 0.82 / 4)
    assert list(figure.layout.yaxis.ticktext) == ["conv1", "fc&lt;1&gt;"]
    assert figure.layout.yaxis.tickvals[0] > figure.layout.yaxis.tickvals[1]
    assert stayed.name == "channels that stayed"


def test_the_cut_stands_at_the_highest_score_that_went_and_zeros_are_told_in_words(report: RunReport):
    figure = of(report, distribution("log", 0.5))
    cuts = next(trace for trace in figure.data if trace.name == "highest score that went")
    assert [points[0][0] for points in segments(cuts)] == [3.5, 0.5]  # zero is off a logarithmic axis
    assert (figure.layout.xaxis.type, figure.layout.xaxis.tickformat) == ("log", "~g")
    assert list(figure.layout.xaxis.range) == pytest.approx([math.log10(0.5), math.log10(40)], abs=0.02)
    (text,) = [trace for trace in figure.data if trace.mode == "text"]
    assert [word.strip() for word in text.text] == ["75% are exactly zero"]


def test_the_hover_tells_counts_and_edges(report: RunReport):
    (hover,) = [trace for trace in of(report, distribution()).data if trace.mode == "markers"]
    assert [list(told) for told in hover.customdata] == [
        ["conv1", 0, 2, 0.0, 1.0],
        ["conv1", 1, 1, 3.0, 4.0],
        ["conv1", 4, 0, 10.0, 11.0],
        ["fc&lt;1&gt;", 2, 0, 39.0, 40.0],
    ]


def test_many_layers_stay_a_small_figure(report: RunReport):
    layer = LayerScores(name="layer", kept=tuple(range(1, BINS + 1)), removed=(1,) * BINS, zeros_kept=0,
                        zeros_removed=0, threshold=1.0)  # fmt: skip
    many = distribution().model_copy(update={"layers": (layer,) * 60})
    wire = to_wire(of(report, many))
    assert len(wire["data"]) == 4
    assert len(json.dumps(wire)) < 500_000


def test_runs_without_scores_make_an_empty_figure_whose_axis_has_a_title(report: RunReport):
    figure = draw_scores(report)
    assert not figure.data
    assert "Score" in figure.layout.xaxis.title.text
