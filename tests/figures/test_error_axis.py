"""Where accuracies are drawn, and what is left below."""

import pytest

from backend.domain.comparison import Spread
from backend.figures.error_axis import TICKS, compression_ticks, error_of, label_of, limits


def spread(*values: float) -> Spread:
    found = Spread.of(values)
    assert found is not None
    return found


@pytest.mark.parametrize(("accuracy", "error"), [(0.9, 0.1), (0.0, 1.0), (1.0, 0.001), (0.9999, 0.001)])
def test_every_accuracy_has_a_place(accuracy: float, error: float):
    assert error_of(accuracy) == pytest.approx(error)


def test_labels_tell_accuracies():
    assert [label_of(error) for error in TICKS if error in (0.001, 0.07, 1.0)] == ["99.9%", "93%", "0%"]


def test_all_methods_lie_inside_and_a_baseline_that_breaks_down_does_not():
    bottom, top = limits([spread(0.9, 0.96), spread(0.8)], [spread(0.1)], dense=None)
    assert (bottom, top) == pytest.approx((0.2 * 1.25, 0.04 / 1.25))


def test_one_method_of_many_that_breaks_down_does_not_press_the_others_flat():
    bottom, _ = limits([*(spread(0.97) for _ in range(30)), spread(0.2)], [], dense=spread(0.98))
    assert bottom == pytest.approx(3 * 0.02 * 1.25)


def test_baselines_alone_are_shown_as_methods_are():
    assert limits([], [spread(0.6)], None) == pytest.approx((0.5, 0.32))
    assert limits([], [], None) == pytest.approx((1.2, 0.008))


@pytest.mark.parametrize(
    ("asked", "furthest", "ticks"),
    [
        ((16.0,), 37.5, [16, 32]),
        ((16.0,), 31.9, [16]),
        ((2.0, 16.0, 4.0), 70.0, [2, 4, 16, 32, 64]),
        ((), 1.5, [1]),
    ],
)
def test_sizes_beyond_what_was_asked_for_have_labels(asked: tuple[float, ...], furthest: float, ticks: list[float]):
    assert compression_ticks(asked, furthest) == ticks
