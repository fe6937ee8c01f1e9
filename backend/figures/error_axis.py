"""Accuracy drawn by its error on a logarithmic axis, so that good methods can be told apart."""

import math
from collections.abc import Collection, Sequence

from backend.domain.comparison import Spread

TITLE = "Test accuracy (the error is drawn on a log scale)"
TICKS = (0.001, 0.002, 0.003, 0.005, 0.007, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 1.0)
"""Errors that have a label."""
_LEAST_ERROR = 1e-3
"""An error of zero has no place on a logarithmic axis; it is drawn here."""
_SHARE_SHOWN, _ROOM = 0.95, 3.0
"""The axis reaches down to this share of the methods' means, and at least to so many times the dense error."""
_MARGIN = 1.25


def error_of(accuracy: float) -> float:
    """Where an accuracy in [0, 1] is drawn."""
    return max(_LEAST_ERROR, 1 - accuracy)


def label_of(error: float) -> str:
    """The accuracy, for a tick."""
    return f"{(1 - error) * 100:g}%"


def limits(methods: Collection[Spread], baselines: Collection[Spread], dense: Spread | None) -> tuple[float, float]:
    """The largest error that the axis shows, at its bottom, and the least.

    A method or baseline that breaks down must not press all others flat: it leaves the field at the bottom.
    """
    errors = sorted(error_of(spread.mean) for spread in methods or baselines) or [1.0]
    reached = errors[math.ceil(_SHARE_SHOWN * len(errors)) - 1]
    bottom = min(1.2, _MARGIN * max(reached, _ROOM * error_of(dense.mean) if dense else 0.0))
    least = min((error_of(spread.highest) for spread in (*methods, *baselines)), default=0.01)
    return bottom, least / _MARGIN


def compression_ticks(asked: Sequence[float], furthest: float) -> list[float]:
    """The compressions that were asked for, and the powers of two beyond them that a method came to."""
    ticks = sorted(asked) or [1.0]
    while 2 * ticks[-1] <= furthest:
        ticks.append(2 * ticks[-1])
    return ticks
