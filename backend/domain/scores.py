"""Where the scores lay among which a removal chose: one histogram for each group of channels, or layer of weights."""

import math
from typing import Literal

from pydantic import Field, NonNegativeInt

from backend.domain.spec import Spec

BINS = 40
"""Bins of every histogram, whatever the size of the network."""


class LayerScores(Spec):
    """Scores of one group of coupled channels, or of the single weights of one layer.

    Within a layer the lowest scores always go first, so one threshold tells those that went from those that stayed.
    """

    name: str = Field(description="The group's first layer; where single weights go, the layer.")
    kept: tuple[NonNegativeInt, ...] = Field(description="How many stayed, by bin.")
    removed: tuple[NonNegativeInt, ...] = Field(description="How many went, by bin.")
    zeros_kept: NonNegativeInt = Field(description="Scores that are exactly zero stand in no bin: those that stayed.")
    zeros_removed: NonNegativeInt = Field(description="Scores that are exactly zero: those that went.")
    threshold: float | None = Field(description="The highest score that went; null where nothing did.")


class ScoreDistribution(Spec):
    """The scores of everything that could still go, as the last removal before an operating point found them.

    Greedy and gradual schedules remove many times on the way to a point; earlier removals had other scores. Scores are
    those of the criterion: costs and allocations, which may decide between layers, are not in them.
    """

    point: NonNegativeInt = Field(description="Index of the operating point.")
    scale: Literal["linear", "log"] = Field(description="How the bins divide the range from `low` to `high` evenly.")
    low: float = Field(description="Where the first bin begins; it holds lower scores too.")
    high: float = Field(description="Where the last bin ends: the highest score.")
    layers: tuple[LayerScores, ...] = Field(description="In forward order; those that cannot give are not among them.")

    @property
    def edges(self) -> tuple[float, ...]:
        """Where bins begin and end, ascending: one more than there are bins."""
        return bin_edges(self.scale, self.low, self.high)


def bin_edges(scale: Literal["linear", "log"], low: float, high: float) -> tuple[float, ...]:
    """Edges of `BINS` bins from `low` to `high`, both exactly; on the scale `log` both are above zero."""
    if scale == "linear":
        inner = [low + (high - low) * place / BINS for place in range(1, BINS)]
    else:
        first, last = math.log(low), math.log(high)
        inner = [math.exp(first + (last - first) * place / BINS) for place in range(1, BINS)]
    return (low, *inner, high)
