"""Fewer steps for a figure: evenly chosen, with the first and the last."""

from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")


def thin_out(items: Sequence[Item], most: int) -> list[Item]:
    """At most `most` (two or more) of the items, evenly spaced, always with the first and the last one."""
    if len(items) <= most:
        return list(items)
    return [items[round(index * (len(items) - 1) / (most - 1))] for index in range(most)]
