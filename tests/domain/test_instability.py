"""Instability of single removals: the drops, their mean, and the point that they led to."""

import pytest

from backend.domain.instability import MeasuredRemoval, RemovalSummary, measured_removals, summaries_by_point
from tests.db.values import point, step


def removal(at: int, before: float, after: float) -> MeasuredRemoval:
    return MeasuredRemoval(step=at, before_accuracy=before, pruned_accuracy=after)


def test_drops_are_averaged_over_removals_and_the_largest_is_told() -> None:
    summary = RemovalSummary.of(
        [removal(1, 0.8, 0.6), removal(2, 0.5, 0.5), removal(3, 0.4, 0.1), removal(5, 0.5, 0.6)]
    )
    assert summary is not None
    assert summary.count == 4
    assert summary.mean_instability == pytest.approx((0.2 + 0 + 0.3 - 0.1) / 4)
    assert summary.mean_relative_instability == pytest.approx((0.25 + 0 + 0.75 - 0.2) / 4)
    assert (summary.largest_instability, summary.largest_step) == (pytest.approx(0.3), 3)
    assert summary.total_instability == pytest.approx(0.4)


def test_a_network_that_was_never_right_has_no_share_to_lose() -> None:
    summary = RemovalSummary.of([removal(1, 0.0, 0.0), removal(2, 0.0, 0.1)])
    assert summary is not None
    assert summary.mean_relative_instability is None
    assert summary.mean_instability == pytest.approx(-0.05)


def test_steps_without_both_accuracies_are_no_measured_removals() -> None:
    changes = ({}, {"before_accuracy": 0.5}, {"pruned_accuracy": 0.5}, {"before_accuracy": 0.5, "pruned_accuracy": 0.0})
    steps = [step(number + 1).model_copy(update=change) for number, change in enumerate(changes)]
    assert measured_removals(steps) == (removal(4, 0.5, 0.0),)


def test_a_point_has_the_removals_since_the_one_before() -> None:
    points = [point(0, 0), point(1, 4), point(3, 6), point(4, 8)]
    removals = [removal(number, 0.9, 0.9 - number / 10) for number in (1, 2, 4, 5, 9)]
    found = summaries_by_point(points, removals)
    assert {index: (summary.count, summary.largest_step) for index, summary in found.items()} == {1: (3, 4), 3: (1, 5)}


@pytest.mark.parametrize(("before", "trained"), [(0.7361, "won back 0.00 points"), (0.7, "won back 3.61 points")])
def test_what_was_lost_is_told_in_points_not_as_a_share(before: float, trained: str) -> None:
    """From 73.61 to 25.00% it is 48.61 points, but 66% of what it was."""
    summary = RemovalSummary.of([removal(1, 0.7361, 0.25)])
    assert summary is not None
    reached = point(1, 1).model_copy(update={"before_accuracy": before, "pruned_accuracy": 0.25})
    sentence = f"The removal took 48.61 points of validation accuracy; the training steps before it {trained}."
    assert summary.notice(reached) == sentence


def test_training_that_made_it_worse_is_told_in_points_too() -> None:
    summary = RemovalSummary.of([removal(1, 0.8, 0.7), removal(2, 0.6, 0.5)])
    assert summary is not None
    notice = summary.notice(point(1, 2).model_copy(update={"before_accuracy": 0.8, "pruned_accuracy": 0.5}))
    assert notice is not None
    assert notice.startswith(
        "2 removals took 10.00 points of validation accuracy each on average, 10.00 points at most"
    )
    assert notice.endswith("20.00 points in sum; the training steps before them took another 10.00 points.")
