"""A limit on failed attempts, by whoever makes them."""

import threading
import time
from collections import deque
from collections.abc import Callable

from backend.domain.errors import TooManyRequests

MAX_TRACKED = 10_000


class AttemptLimit:
    """At most `most` failures in `window_s` seconds for each key; older ones are forgotten."""

    def __init__(self, most: int = 10, window_s: float = 60.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._window_s = window_s
        self._clock = clock
        self._failures: dict[str, deque[float]] = {}
        self._lock = threading.Lock()

    def check(self, key: str) -> None:
        """Raise `TooManyRequests` when `key` has failed too often."""
        with self._lock:
            if len(self._recent(key)) >= self._most:
                raise TooManyRequests(
                    f"There were {self._most} failed attempts within {self._window_s:.0f} seconds.",
                    hint="Wait a minute and try again.",
                )

    def note_failure(self, key: str) -> None:
        """Count a failure of `key`."""
        with self._lock:
            if len(self._failures) >= MAX_TRACKED:
                self._failures = {name: times for name in list(self._failures) if (times := self._recent(name))}
            self._failures.setdefault(key, deque(maxlen=self._most)).append(self._clock())

    def _recent(self, key: str) -> deque[float]:
        times = self._failures.get(key, deque())
        while times and times[0] <= self._clock() - self._window_s:
            times.popleft()
        return times
