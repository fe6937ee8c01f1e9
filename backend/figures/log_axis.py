"""A logarithmic axis whose labels can be read: powers of ten, or plain numbers where it spans few of them."""

import math
from collections.abc import Iterable
from typing import Any

_FEWEST_POWERS = 2.0
"""Over fewer powers of ten than this an axis would have a single label, or none."""
_FEWEST_PARTS = 0.7
"""Over fewer powers of ten than this, 1, 2 and 5 of each would leave as few."""
_MOST_POWERS = 8
"""More powers of ten than this are labeled one in two, three, and so on."""
_SMALL = 1e-3
"""Numbers below this are told with an exponent: their zeros would take the room of two labels."""


def log_axis(values: Iterable[float | None]) -> dict[str, Any]:
    """An axis over these values, of which those above zero have a place.

    Plotly's own labels between two powers of ten are lone digits, which say nothing without a power beside them.
    """
    logarithms = [math.log10(value) for value in values if value is not None and 0 < value < math.inf]
    powers = max(logarithms) - min(logarithms) if logarithms else 0.0
    if powers >= _FEWEST_POWERS:
        return {"type": "log", "exponentformat": "power", "dtick": math.ceil(powers / _MOST_POWERS)}
    are_small = bool(logarithms) and max(logarithms) < math.log10(_SMALL)
    ticks = {"dtick": "D2"} if powers >= _FEWEST_PARTS else {"nticks": 5}
    return {"type": "log", "tickformat": "~e" if are_small else "~g", **ticks}
