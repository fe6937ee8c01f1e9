"""Lists of a name and a number each, such as `conv1=0.5`, as recipes hold them."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Annotated

from pydantic import AfterValidator, Field

_LAYER_FACTOR = r"^.+=[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?$"


def _check(item: str) -> str:
    if re.fullmatch(_LAYER_FACTOR, item) is None:
        raise ValueError(f"`{item}` is not a layer and its factor; write them as in `conv1=0.5`")
    return item


LayerFactor = Annotated[
    str, Field(max_length=520, json_schema_extra={"pattern": _LAYER_FACTOR}), AfterValidator(_check)
]
"""A layer and a number, such as `conv1=0.5`."""

_LEAST, _LARGEST = 1e-6, 1e6
"""Of factors: beyond these one layer takes all or nothing, and numbers end."""


def name_of(item: str) -> str:
    """What stands before the last `=`."""
    return item.rpartition("=")[0]


def sort_once(items: Sequence[str], noun: str) -> tuple[str, ...]:
    """The same items in another order are the same list; raises ValueError for a layer that is named twice.

    `noun` says in the plural what the numbers are.
    """
    counts = Counter(map(name_of, items))
    twice = next((name for name, count in counts.items() if count > 1), None)
    if twice is not None:
        raise ValueError(f"the layer `{twice}` is named twice; keep one of its {noun}")
    return tuple(sorted(items))


def sort_factors(items: Sequence[str]) -> tuple[str, ...]:
    """The same factors in another order are the same list.

    Raises ValueError for a layer that is named twice, and for a factor other than 0 outside 1e-6 to 1e6.
    """
    for name, factor in numbers(items).items():
        if factor and not _LEAST <= factor <= _LARGEST:
            raise ValueError(f"the factor of `{name}` is {factor:g}; give one from {_LEAST:g} to {_LARGEST:g}")
    return sort_once(items, "factors")


def numbers(items: Sequence[str]) -> dict[str, float]:
    """Numbers by name, in the order of the list."""
    return {name_of(item): float(item.rpartition("=")[2]) for item in items}
