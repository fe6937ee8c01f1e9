"""Two calls are timed in turn, and summed up by medians and quartiles."""

import pytest

from worker.engine import latency
from worker.engine.latency import FEWEST_ROUNDS, MOST_ROUNDS, Rounds, time_in_turn, timing


class Clock:
    """A clock that only calls move, and a record of who was called."""

    def __init__(self) -> None:
        self.now = 0.0
        self.calls: list[str] = []

    def perf_counter(self) -> float:
        return self.now

    def call(self, name: str, seconds: float, first: float = 0.0):
        def work() -> None:
            self.now += seconds + (0.0 if name in self.calls else first)
            self.calls.append(name)

        return work


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(latency, "time", clock)
    return clock


def test_both_are_called_in_turn_and_the_first_place_changes(clock: Clock) -> None:
    rounds = time_in_turn(clock.call("dense", 0.2), clock.call("thin", 0.1), seconds=3.0)
    assert rounds is not None
    assert rounds.dense_ms == pytest.approx([200.0] * 10)
    assert rounds.thin_ms == pytest.approx([100.0] * 10)
    assert clock.calls[-8:] == ["dense", "thin", "thin", "dense"] * 2


def test_a_slow_first_call_does_not_count(clock: Clock) -> None:
    rounds = time_in_turn(clock.call("dense", 0.2, first=2.0), clock.call("thin", 0.1, first=1.0), seconds=2.0)
    assert rounds is not None
    assert max(rounds.dense_ms) == pytest.approx(200.0)


def test_short_calls_are_repeated_within_a_turn(clock: Clock) -> None:
    rounds = time_in_turn(clock.call("dense", 1e-4), clock.call("thin", 5e-5), seconds=60.0)
    assert rounds is not None
    assert len(rounds.dense_ms) == MOST_ROUNDS
    assert rounds.thin_ms == pytest.approx([0.05] * MOST_ROUNDS)
    assert clock.calls[-60:] in (["dense"] * 10 + ["thin"] * 20 + ["thin"] * 20 + ["dense"] * 10,)


def test_what_takes_too_long_is_not_measured(clock: Clock) -> None:
    assert time_in_turn(clock.call("dense", 2.0), clock.call("thin", 1.0), seconds=14.0) is None
    assert len(clock.calls) < FEWEST_ROUNDS * 2


def test_what_is_far_too_slow_is_called_once(clock: Clock) -> None:
    assert time_in_turn(clock.call("dense", 90.0), clock.call("thin", 60.0), seconds=5.0) is None
    assert clock.calls == ["thin"]


def test_the_speedup_is_the_median_of_the_rounds_own_quotients() -> None:
    rounds = Rounds(dense_ms=(10.0, 20.0, 40.0, 10.0, 10.0), thin_ms=(5.0, 5.0, 5.0, 10.0, 2.0))
    assert rounds.speedups() == pytest.approx((2.0, 4.0, 5.0))


def test_a_timing_has_the_quartiles() -> None:
    told = timing((1.0, 2.0, 3.0, 4.0, 100.0))
    assert (told.lower_ms, told.median_ms, told.upper_ms) == (2.0, 3.0, 4.0)
