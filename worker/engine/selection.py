"""The greedy choice: which channels go, one after another, with the cost computed anew after each."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from backend.domain.bounds import WidthBounds
from backend.domain.network import Layer
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
    bounds: Mapping[str, WidthBounds]
    """Which widths each group may end at."""
    target: Target
    layers: Mapping[str, Sequence[Layer]]
    """The layers that make each group's channels."""

    def density(self, widths: Mapping[str, int]) -> float:
        """Fraction kept of what the target counts."""
        return density_of(self.target.kind, self.model.counts(widths), self.model.dense)

    def is_reached(self, widths: Mapping[str, int], level: float) -> bool:
        """The density is at or below the level, and no group stands between two widths at which it may end."""
        return self.open_group(widths) is None and is_down_to(self.density(widths), level)

    def open_group(self, widths: Mapping[str, int]) -> str | None:
        """The group that has given some channels, but not yet enough for the next width at which it may end."""
        return next((name for name, bounds in self.bounds.items() if not bounds.allows(widths[name])), None)


def choose(
    scores: Mapping[str, Tensor], masks: Masks, rules: Rules, level: float, limit: int | None
) -> list[tuple[str, int]]:
    """Choose channels as (group, position) until the level is reached, at most `limit` of them.

    `scores` are on the CPU, (K,) per group over the channels present. Within a group all channels save the same, so
    the lowest score goes first, and of equal scores the first position; groups compete by objective or density. A
    group that begins to give goes on until it stands at a width at which it may end (over several calls if need be),
    and what competes is the mean of all the channels that it would give; at a multiple of 1 that is one channel.
    """
    queues = {name: _queue(scores[name], masks.on[name], rules.allocation) for name in rules.bounds}
    widths = masks.widths
    chosen: list[tuple[str, int]] = []
    while not rules.is_reached(widths, level) and (limit is None or len(chosen) < limit):
        name = rules.open_group(widths) or _next_group(queues, widths, rules)
        if name is None:
            break
        _, position = queues[name].pop()
        widths[name] -= 1
        chosen.append((name, position))
    return chosen


def _next_group(queues: Mapping[str, list[tuple[float, int]]], widths: Mapping[str, int], rules: Rules) -> str | None:
    """The group that gives next; None when all stand at their floors."""
    names = list(queues)
    below = [rules.bounds[name].below(widths[name]) for name in names]
    if all(width is None for width in below):
        return None
    # A group at its floor is not eligible, whatever one channel of it would score.
    sizes = [1 if width is None else widths[name] - width for name, width in zip(names, below, strict=True)]
    blocks = [queues[name][-size:] for name, size in zip(names, sizes, strict=True)]
    lowest = _vector(sum(score for score, _ in block) / len(block) for block in blocks)
    current, dense = _vector(widths[name] for name in names), _vector(rules.bounds[name].dense for name in names)
    objectives = rules.weighing.objective(lowest, rules.cost_model.changes(current, _vector(sizes)))
    is_eligible = torch.tensor([width is not None for width in below])
    layers = [rules.layers[name] for name in names]
    return names[rules.allocation.next_group(Candidates(objectives, current / dense, is_eligible, layers))]


def _vector(values: Iterable[float]) -> Tensor:
    return torch.tensor([float(value) for value in values], dtype=torch.float64)


def _queue(scores: Tensor, on: Tensor, allocation: ChannelAllocation) -> list[tuple[float, int]]:
    """Channels that are on as (score to compare, position); the one to go first is last."""
    places = on.nonzero().flatten()
    ranked, order = scores[places].sort(stable=True)
    compared = allocation.compared(ranked).tolist()
    return list(zip(compared, places[order].tolist(), strict=True))[::-1]
