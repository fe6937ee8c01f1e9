"""The limit on failed attempts."""

import pytest

from backend.domain.errors import TooManyRequests
from backend.services import attempts
from backend.services.attempts import AttemptLimit


class Clock:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_failures_count_until_they_are_old() -> None:
    clock = Clock()
    limit = AttemptLimit(most=2, window_s=60, clock=clock)
    for _ in range(2):
        limit.check("a")
        limit.note_failure("a")
    with pytest.raises(TooManyRequests):
        limit.check("a")
    clock.now += 60
    limit.check("a")


def test_one_caller_does_not_lock_another_out() -> None:
    limit = AttemptLimit(most=1, clock=Clock())
    limit.note_failure("a")
    limit.check("b")


def test_successes_do_not_count() -> None:
    limit = AttemptLimit(most=1, clock=Clock())
    for _ in range(5):
        limit.check("a")


def test_memory_is_bounded_by_forgetting_old_callers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "MAX_TRACKED", 3)
    clock = Clock()
    limit = AttemptLimit(most=1, window_s=60, clock=clock)
    for name in "abc":
        limit.note_failure(name)
    clock.now += 61
    limit.note_failure("d")
    assert list(limit._failures) == ["d"]
