"""The greedy choice: which channels go, one after another, with the cost computed anew after each."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from backend.domain.reach import density_of, is_down_to
from backend.domain.targets import Target
from backend.domain.thinning import SizeModel
from worker.engine.allocations.allocation import Candidates, ChannelAllocation
from worker.engine.costs.cost import CostModel, CostWeighing
from worker.engine.masks import Masks


@dataclass(frozen=True)
class Rules:
    """What decides a choice, besides the scores."""

    model: SizeModel
    cost_model: CostModel
    weighing: CostWeighing
    allocation: ChannelAllocation
    minimum_width: int
    target: Target

    def density(self, widths: Mapping[str, int]) -> float:
        """Fraction kept of what the target counts."""
        return density_of(self.target.kind, self.model.counts(widths), self.model.dense)

    def is_reached(self, widths: Mapping[str, int], level: float) -> bool:
        """The density is at or below the level."""
        return is_down_to(self.density(widths), level)


def choose(
    scores: Mapping[str, Tensor], masks: Masks, rules: Rules, level: float, limit: int | None
) -> list[tuple[str, int]]:
    """Choose channels as (group, position) until the level is reached, at most `limit` of them.

    `scores` are on the CPU, (K,) per group over the channels present. Within a group all channels save the same, so
    the lowest score goes first, and of equal scores the first position; groups compete by objective or density.
    """
    names = list(rules.model.dense_widths)
    queues = {name: _queue(scores[name], masks.on[name]) for name in names}
    widths = masks.widths
    dense = torch.tensor([float(rules.model.dense_widths[name]) for name in names], dtype=torch.float64)
    chosen: list[tuple[str, int]] = []
    while not rules.is_reached(widths, level) and (limit is None or len(chosen) < limit):
        is_eligible = torch.tensor([widths[name] > rules.minimum_width for name in names])
        if not bool(is_eligible.any()):
            break
        current = torch.tensor([float(widths[name]) for name in names], dtype=torch.float64)
        lowest = torch.tensor([queues[name][-1][0] for name in names], dtype=torch.float64)
        objectives = rules.weighing.objective(lowest, rules.cost_model.changes(current))
        name = names[rules.allocation.next_group(Candidates(objectives, current / dense, is_eligible))]
        _, position = queues[name].pop()
        widths[name] -= 1
        chosen.append((name, position))
    return chosen


def _queue(scores: Tensor, on: Tensor) -> list[tuple[float, int]]:
    """Channels that are on as (score, position); the one to go first is last."""
    pairs = [
        (score, place) for place, (score, is_on) in enumerate(zip(scores.tolist(), on.tolist(), strict=True)) if is_on
    ]
    return sorted(pairs, reverse=True)
