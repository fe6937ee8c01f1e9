"""Lists of a name and a number each, such as `conv1=0.5`, as recipes hold them."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import StringConstraints

LayerFactor = Annotated[str, StringConstraints(max_length=520, pattern=r"^.+=[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?$")]
"""A layer and a number, such as `conv1=0.5`."""


def name_of(item: str) -> str:
    """What stands before the last `=`."""
    return item.rpartition("=")[0]


def sort_once(items: Sequence[str], noun: str) -> tuple[str, ...]:
    """The same items in another order are the same list; raises ValueError for a layer that is named twice.

    `noun` says in the plural what the numbers are.
    """
    names = [name_of(item) for item in items]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"the layer `{twice}` is named twice; keep one of its {noun}")
    return tuple(sorted(items))


def numbers(items: Sequence[str]) -> dict[str, float]:
    """Numbers by name, in the order of the list."""
    return {name_of(item): float(item.rpartition("=")[2]) for item in items}
