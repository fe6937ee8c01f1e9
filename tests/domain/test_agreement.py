"""Whether methods remove the same channels."""

import pytest

from backend.domain.agreement import agreements, kappa, parse_removed
from backend.domain.side_by_side import series_of
from tests.domain.test_side_by_side import compared


def test_labels_are_read_from_the_right() -> None:
    assert parse_removed(["conv1:3", "a:b:0", "conv1:1"]) == {"conv1": frozenset({1, 3}), "a:b": frozenset({0})}


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ({0, 1}, {0, 1}, 1.0),
        # 4 channels, each removes 2, 1 in common: they agree on 2 of 4, and by chance on 1/4 + 1/4
        ({0, 1}, {1, 2}, 0.0),
        ({0, 1}, {2, 3}, -1.0),
        # they agree on 3 of 4; by chance on 1/2 * 1/4 + 1/2 * 3/4 = 1/2
        ({0, 1}, {0}, 0.5),
        (set(), {0, 1}, 0.0),
    ],
)
def test_kappa_is_agreement_beyond_chance(first: set[int], second: set[int], expected: float) -> None:
    assert kappa(frozenset(first), frozenset(second), 4) == pytest.approx(expected)
    assert kappa(frozenset(second), frozenset(first), 4) == pytest.approx(expected)


def test_where_nothing_was_removed_there_is_nothing_to_agree_on() -> None:
    assert kappa(frozenset(), frozenset(), 4) is None


def test_every_pair_of_methods_and_every_method_with_several_seeds() -> None:
    series = series_of([compared("uniform", 0), compared("uniform", 1), compared("random-channel", 0)])
    removed = {
        "uniform-0": {"fc": frozenset({0, 1})},
        "uniform-1": {"fc": frozenset({0, 1})},
        "random-channel-0": {"fc": frozenset({2, 3})},
    }
    found = {(one.first, one.second): one.by_group for one in agreements(series, removed, {"fc": 4, "other": 2})}
    assert found == {
        ("uniform", "uniform"): {"fc": 1.0, "other": None},
        ("uniform", "random-channel"): {"fc": -1.0, "other": None},
    }
