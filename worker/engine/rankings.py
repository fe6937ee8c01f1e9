"""How the scores of a removal lay, counted on the device: what leaves it is a few numbers for each layer."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, Self

import torch
from torch import Tensor

from backend.domain.scores import LayerScores, ScoreDistribution, bin_edges

_OUTLYING = 0.01
"""The range begins where, in the layer with the lowest scores, this share of those above zero lies below."""
_FARTHEST = 1e-10
"""Scores below this share of the highest one are not told apart."""
_BULK, _WIDE = 0.05, 30.0
"""Scores that spread over more than this factor, but for the lowest 5% of a layer, need a logarithmic scale."""


@dataclass(frozen=True)
class Ranking:
    """The scores of what one layer had left when a removal chose, and how many of them went: the lowest."""

    name: str
    scores: Tensor
    """(n,), ascending, finite; n > 0."""
    gone: int

    def threshold(self) -> float | None:
        """The highest score that went."""
        return self.scores[self.gone - 1].item() if self.gone else None


@dataclass(frozen=True)
class _Spread:
    """A few order statistics of one layer's scores."""

    start: int
    """How many are below zero."""
    end: int
    """How many are not above zero."""
    lowest: float
    highest: float
    outlying: float | None
    """Of the scores above zero; None where there are none."""
    bulk: float | None

    @classmethod
    def of(cls, scores: Tensor) -> Self:
        zero = scores.new_zeros(1)
        start, end = (int(torch.searchsorted(scores, zero, right=right)) for right in (False, True))
        places = [end + int(share * (len(scores) - end)) for share in (_OUTLYING, _BULK)] if end < len(scores) else []
        lowest, highest, *shares = scores[[0, -1, *places]].tolist()
        outlying, bulk = shares or (None, None)
        return cls(start, end, lowest, highest, outlying, bulk)


def distribution(rankings: Sequence[Ranking], point: int) -> ScoreDistribution | None:
    """Histograms over one range for all layers, so that they can be compared; None without any layer."""
    if not rankings:
        return None
    spreads = [_Spread.of(ranking.scores) for ranking in rankings]
    scale, low, high = _range(spreads)
    edges = bin_edges(scale, low, high)
    layers = tuple(_count(ranking, spread, edges) for ranking, spread in zip(rankings, spreads, strict=True))
    return ScoreDistribution(point=point, scale=scale, low=low, high=high, layers=layers)


def _range(spreads: Sequence[_Spread]) -> tuple[Literal["linear", "log"], float, float]:
    """A range that is never empty."""
    low, high = min(one.lowest for one in spreads), max(one.highest for one in spreads)
    outlying = [one.outlying for one in spreads if one.outlying is not None]
    bulk = [one.bulk for one in spreads if one.bulk is not None]
    if low >= 0 and bulk and high > _WIDE * min(bulk):
        return "log", max(min(outlying), high * _FARTHEST), high
    if low < high:
        return "linear", low, high
    return ("linear", 0.0, high or 1.0) if high >= 0 else ("linear", low, 0.0)


def _count(ranking: Ranking, spread: _Spread, edges: Sequence[float]) -> LayerScores:
    """Everything is found by places in the sorted scores: how many are below each edge, and how many of them went."""
    inner = torch.tensor(edges[1:-1], dtype=torch.float64).to(ranking.scores)
    below = [0, *torch.searchsorted(ranking.scores, inner).tolist(), len(ranking.scores)]

    def told(count: int) -> int:
        """How many of the lowest so many are not zero."""
        return count - _clamp(count - spread.start, spread.end - spread.start)

    everything = [told(count) for count in below]
    removed = [told(min(count, ranking.gone)) for count in below]
    gone = [after - before for before, after in pairwise(removed)]
    counts = [after - before for before, after in pairwise(everything)]
    zeros, zeros_gone = spread.end - spread.start, _clamp(ranking.gone - spread.start, spread.end - spread.start)
    return LayerScores(
        name=ranking.name,
        kept=tuple(count - lost for count, lost in zip(counts, gone, strict=True)),
        removed=tuple(gone),
        zeros_kept=zeros - zeros_gone,
        zeros_removed=zeros_gone,
        threshold=ranking.threshold(),
    )


def _clamp(value: int, highest: int) -> int:
    return max(0, min(value, highest))
