import pytest

from backend.domain.reports import RunReport
from backend.figures.accuracy import draw_accuracy


def test_accuracy_is_drawn_before_pruning_straight_after_it_after_retraining_and_on_the_test_split(report: RunReport):
    figure = draw_accuracy(report)
    assert [trace.name for trace in figure.data] == [
        "dense (validation)",
        "straight after pruning (validation)",
        "after retraining (validation)",
        "test",
    ]
    assert [list(trace.y) for trace in figure.data] == [
        pytest.approx([0.9, 0.9, 0.9]),
        pytest.approx([0.9, 0.7, 0.5]),
        pytest.approx([0.9, 0.89, 0.88]),
        pytest.approx([0.88, 0.87, 0.86]),
    ]


@pytest.mark.parametrize(
    ("x", "sizes", "reversed_axis"),
    [
        ("sparsity", [0, 0.25, 0.5], None),
        ("macs", [1, 0.65, 2200 / 6000], "reversed"),
        ("parameters", [0.5] * 3, "reversed"),
    ],
)
def test_the_size_axis_runs_from_the_dense_network_to_the_thinnest(report, x, sizes, reversed_axis):
    figure = draw_accuracy(report, x)
    assert list(figure.data[2].x) == pytest.approx(sizes)
    assert figure.layout.xaxis.autorange == reversed_axis


def test_a_click_on_a_point_names_its_index(report: RunReport):
    assert all(list(trace.customdata) == [0, 1, 2] for trace in draw_accuracy(report).data)


def test_hover_labels_carry_raw_counts(report: RunReport):
    label = draw_accuracy(report).data[2].text[1]
    assert "3,900 of 6,000 MACs" in label
    assert "431 of 862 parameters" in label


def test_no_points_make_an_empty_figure_with_titled_axes(empty_report: RunReport):
    figure = draw_accuracy(empty_report)
    assert not figure.data
    assert figure.layout.xaxis.title.text == "Channels removed (%)"
