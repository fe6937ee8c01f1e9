"""Whether methods remove the same channels: Cohen's kappa for each channel group."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, combinations_with_replacement, product
from typing import TypeAlias

from backend.domain.side_by_side import ComparedRun, Series

Removed: TypeAlias = Mapping[str, frozenset[int]]
"""Original indices of the channels that a run has removed, by group; groups that gave none may be left out."""


@dataclass(frozen=True)
class Agreement:
    """How far the runs of two series agree; of a series with itself: its runs with each other."""

    first: str
    second: str
    by_group: Mapping[str, float | None]
    """Mean kappa over the pairs of runs: 1 the same channels, 0 as by chance; None where nothing was removed."""


def parse_removed(labels: Iterable[str]) -> Removed:
    """Read labels `group:original index`, as step records hold them."""
    removed: dict[str, set[int]] = {}
    for label in labels:
        group, _, index = label.rpartition(":")
        removed.setdefault(group, set()).add(int(index))
    return {group: frozenset(indices) for group, indices in removed.items()}


def kappa(first: frozenset[int], second: frozenset[int], count: int) -> float | None:
    """Cohen's kappa (1960) of two choices among `count` channels; None where both are the same by necessity."""
    together = 1 - len(first ^ second) / count
    shares = (len(first) / count, len(second) / count)
    by_chance = shares[0] * shares[1] + (1 - shares[0]) * (1 - shares[1])
    return None if by_chance == 1 else (together - by_chance) / (1 - by_chance)


def agreements(
    series: Sequence[Series], removed: Mapping[str, Removed], widths: Mapping[str, int]
) -> tuple[Agreement, ...]:
    """Every pair of series, each with itself as well where it has several runs.

    `removed` is by run id, `widths` the dense width of every group, in forward order.
    """
    return tuple(
        Agreement(
            first=first.label,
            second=second.label,
            by_group={group: _mean(pairs, removed, group, count) for group, count in widths.items()},
        )
        for first, second in combinations_with_replacement(series, 2)
        if (pairs := _pairs(first, second))
    )


def removing_channels(series: Sequence[Series]) -> tuple[Series, ...]:
    """The series that choose among channels: those that set single weights to zero have none to agree on."""
    return tuple(one for one in series if one.granularity == "channel")


def tell_left_out(series: Sequence[Series]) -> str | None:
    """Which of these the agreement leaves out, and why, as a sentence; None where it leaves out none."""
    names = [f"`{one.label}`" for one in series if one.granularity != "channel"]
    if not names:
        return None
    *first, last = names
    listed = f"{', '.join(first)} and {last}" if first else last
    are, they, set_, choose = ("are", "they", "set", "choose") if first else ("is", "it", "sets", "chooses")
    return f"{listed} {are} not in this picture: {they} {set_} single weights to zero and {choose} no channels."


def _pairs(first: Series, second: Series) -> list[tuple[ComparedRun, ComparedRun]]:
    return list(combinations(first.runs, 2) if first is second else product(first.runs, second.runs))


def _mean(
    pairs: Sequence[tuple[ComparedRun, ComparedRun]], removed: Mapping[str, Removed], group: str, count: int
) -> float | None:
    nothing: frozenset[int] = frozenset()
    values = [
        kappa(removed[left.id].get(group, nothing), removed[right.id].get(group, nothing), count)
        for left, right in pairs
    ]
    found = [value for value in values if value is not None]
    return statistics.mean(found) if found else None
