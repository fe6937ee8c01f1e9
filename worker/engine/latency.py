"""Time of two networks side by side: they are called in turn, so that whatever else runs meets both alike."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from backend.domain.delivery import Timing

Call = Callable[[], object]
FEWEST_ROUNDS = 5
MOST_ROUNDS = 200
_SHORTEST_S = 1e-3
"""A turn repeats its call until it takes about so long: the clock and the loop must not count."""
_MOST_CALLS = 1000
_WARM_CALLS = 2
_SETUP_FACTOR = 3
"""The very first call also sets up threads, memory and code; it may take so many times as long as the others."""


@dataclass(frozen=True)
class Rounds:
    """Milliseconds of one call in every round, dense and thin; equally long."""

    dense_ms: tuple[float, ...]
    thin_ms: tuple[float, ...]

    def speedups(self) -> tuple[float, float, float]:
        """First quartile, median and third quartile over the rounds of dense / thin."""
        quotients = np.asarray(self.dense_ms) / np.asarray(self.thin_ms)
        lower, median, upper = np.percentile(quotients, (25, 50, 75))
        return float(lower), float(median), float(upper)


def time_in_turn(dense: Call, thin: Call, seconds: float) -> Rounds | None:
    """Warm both up, then call them in turn, first one and then the other going first, for about `seconds`.

    None when `FEWEST_ROUNDS` would take longer than that; then only the warm-up was run.
    """
    contestants = (dense, thin)
    if FEWEST_ROUNDS * _seconds(thin, 1) > _SETUP_FACTOR * seconds:
        return None
    estimates = [min(_seconds(call, 1) for _ in range(_WARM_CALLS)) for call in contestants]
    counts = [max(1, round(_SHORTEST_S / max(estimate, _SHORTEST_S / _MOST_CALLS))) for estimate in estimates]
    if FEWEST_ROUNDS * sum(estimate * count for estimate, count in zip(estimates, counts, strict=True)) > seconds:
        return None
    times: tuple[list[float], list[float]] = ([], [])
    deadline = time.perf_counter() + seconds
    while len(times[0]) < FEWEST_ROUNDS or (len(times[0]) < MOST_ROUNDS and time.perf_counter() < deadline):
        order = (0, 1) if len(times[0]) % 2 == 0 else (1, 0)
        for index in order:
            times[index].append(_seconds(contestants[index], counts[index]) * 1000)
    return Rounds(tuple(times[0]), tuple(times[1]))


def timing(milliseconds: tuple[float, ...]) -> Timing:
    """Median and quartiles."""
    lower, median, upper = np.percentile(milliseconds, (25, 50, 75))
    return Timing(median_ms=float(median), lower_ms=float(lower), upper_ms=float(upper))


def _seconds(call: Call, count: int) -> float:
    """Seconds of one call, averaged over `count` of them."""
    began = time.perf_counter()
    for _ in range(count):
        call()
    return (time.perf_counter() - began) / count
