"""Colors that read on light and on dark ground."""

from collections.abc import Sequence
from itertools import count

DENSE = "#868e96"
PRUNED = "#f08c00"
RETRAINED = "#0ca678"
TEST = "#4c6ef5"
INDEPENDENT = "#20a39e"
FIXED = "#adb5bd"
COUPLED = ("#4c6ef5", "#e8590c", "#ae3ec9", "#f59f00", "#1098ad", "#d6336c", "#74b816", "#7048e8")
"""One color for each set of coupled layers, in forward order; they repeat when there are more sets than colors."""
SYMBOLS = 8
"""Marker shapes before they repeat."""
WIDTHS = ((0.0, "#ffe066"), (0.5, "#38a69a"), (1.0, "#12474b"))
"""From a layer that is almost gone to one that is whole; it darkens evenly."""
AGREEMENT = ((0.0, "#ffa94d"), (0.5, "#f1f3f5"), (1.0, "#66c2d0"))
"""From choosing the opposite over chance to choosing the same; dark numbers can be read on all of it."""
SHADE = "rgba(12, 166, 120, 0.10)"
"""Ground of a stretch of retraining."""


def with_opacity(color: str, opacity: float) -> str:
    """A color given as `#rrggbb`, as one that lets through what lies below it."""
    red, green, blue = (int(color[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, {opacity})"


def symbol_of(place: int) -> int:
    """Marker shape of the method at a place; where colors repeat the shape is another, for 64 methods."""
    return (place + place // len(COUPLED)) % SYMBOLS


def styles_of_methods(are_baselines: Sequence[bool]) -> list[dict[str, object]]:
    """Line and marker of each method of a comparison; baselines are gray and dashed, told apart by markers."""
    places = {True: count(), False: count()}
    return [_style_of(next(places[is_baseline]), is_baseline=is_baseline) for is_baseline in are_baselines]


def _style_of(place: int, *, is_baseline: bool) -> dict[str, object]:
    """At a place among the baselines, or among the others."""
    color = FIXED if is_baseline else COUPLED[place % len(COUPLED)]
    return {
        "line": {"color": color, "width": 2, "dash": "dash" if is_baseline else "solid"},
        "marker": {"color": color, "size": 7, "symbol": symbol_of(place)},
    }
