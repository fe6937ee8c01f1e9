"""What a run removes, step by step: the side of a run that knows the granularity."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from backend.domain.bounds import width_bounds
from backend.domain.errors import FailureCode, JobFailure
from backend.domain.network import Layer, NetworkSummary
from backend.domain.recipe import Recipe
from backend.domain.reports import RunLayout
from backend.domain.thinning import SizeModel
from worker.engine.catalogue import ALLOCATIONS, COSTS, CRITERIA
from worker.engine.costs.amounts import amount_of
from worker.engine.costs.cost import CostModel
from worker.engine.criteria.criterion import Evidence
from worker.engine.finishing import finish, lost_layers, sized_without
from worker.engine.layout import Size, layout_of, size_at
from worker.engine.rankings import Ranking
from worker.engine.results import Delivered
from worker.engine.retraining.losses import Loss
from worker.engine.selection import Rules, choose
from worker.engine.signal import INFORMATION
from worker.engine.trainee import Trainee
from worker.engine.weights.signal import WeightSignal


class Removal(Protocol):
    """Scores what could go, and takes it from the network in training."""

    @property
    def layout(self) -> RunLayout:
        """What the run's history speaks of."""
        ...

    def density(self) -> float:
        """Fraction kept of what the target counts."""
        ...

    def is_reached(self, level: float) -> bool:
        """The density is at or below the level, and the network may end as it is."""
        ...

    def start_reading(self) -> None:
        """From the next optimizer step on, gather what the scores need."""
        ...

    def watched(self, loss: Loss) -> Loss:
        """The loss to train with between removals: the same, with what is read of it on the way."""
        ...

    def remove(self, level: float, limit: int | None) -> tuple[str, ...]:
        """Score and remove until the level is reached, at most `limit` at a time; names what went.

        Raises JobFailure(DIVERGED) when scores are not finite.
        """
        ...

    def take_rankings(self) -> tuple[Ranking, ...]:
        """How the last removal ranked what every layer had left, of layers that can give; asked once, they are gone."""
        ...

    def restore(self) -> None:
        """After the network was restored from a checkpoint: set what follows from its state."""
        ...

    def settle(self) -> None:
        """Make physical what can be, so that the network is what it says it is."""
        ...

    def size(self) -> Size:
        """The network's size now."""
        ...

    def delivered(self) -> Delivered:
        """The network, settled, as it is handed out: without dead channels where the recipe says so."""
        ...


@dataclass(frozen=True)
class _Choice:
    """What a removal had before it, and how many channels of each group went."""

    scores: Mapping[str, Tensor]
    on: Mapping[str, Tensor]
    gone: Mapping[str, int]


class ChannelRemoval:
    """Whole channels: masked at once, removed physically when it pays."""

    def __init__(self, trainee: Trainee, summary: NetworkSummary, recipe: Recipe, generator: torch.Generator) -> None:
        prune = recipe.prune
        self._trainee, self._generator = trainee, generator
        self._share = prune.removal_macs
        self._removes_dead, self._pins = prune.dead_channels == "remove", prune.pins
        self._model = SizeModel.of(summary)
        self.layout = layout_of(summary, self._model)
        self._criterion = CRITERIA.make(prune.criterion)
        self._curvature = WeightSignal(generator)
        self._rules = Rules(
            model=self._model,
            cost_model=CostModel(amount_of(prune.cost, self._model, recipe.latency)),
            weighing=COSTS.make(prune.cost),
            allocation=ALLOCATIONS.make(prune.allocation),
            bounds=width_bounds(summary, prune),
            target=recipe.target,
            layers=_making_layers(summary),
        )
        self._last: _Choice | None = None

    def density(self) -> float:
        """Fraction kept of channels, MACs or parameters."""
        return self._rules.density(self._trainee.masks.widths)

    def is_reached(self, level: float) -> bool:
        """All groups stand at widths at which they may end."""
        return self._rules.is_reached(self._trainee.masks.widths, level)

    def start_reading(self) -> None:
        """Gather the signal at the gates, if the criterion needs it; then what is told of layers comes with it."""
        needs = self._criterion.needs
        self._trainee.gates.signal.start(needs | INFORMATION if needs.readings else needs)
        made = {member.tensor for group in self._trainee.groups for member in group.members if member.makes}
        makers = {name: weight for name, weight in self._trainee.parameters.items() if name in made}
        self._curvature.start(needs.curvature, makers, self._trainee.module)

    def watched(self, loss: Loss) -> Loss:
        """The loss, with the signal of drawn labels or of curvature read on the way if the criterion needs it."""
        signal = self._trainee.gates.signal
        if self._criterion.needs.curvature is not None:
            return signal.unread(self._curvature.watched(loss))
        return signal.watched(loss, self._generator, self._trainee.module)

    def remove(self, level: float, limit: int | None) -> tuple[str, ...]:
        """Turn channels off; names them as `group:original index`."""
        trainee = self._trainee
        scores = {name: score.cpu() for name, score in self._criterion.score(self._evidence()).items()}
        _check_scores(scores)
        trainee.recollection.remember(scores, trainee.masks)
        chosen = choose(scores, trainee.masks, self._rules, level, limit)
        self._last = _Choice(scores, trainee.masks.on, Counter(name for name, _ in chosen))
        removed = tuple(trainee.masks.label(name, position) for name, position in chosen)
        trainee.turn_off(chosen)
        present, on = (
            self._model.counts(widths).macs for widths in (trainee.masks.physical_widths, trainee.masks.widths)
        )
        is_even = self._rules.open_group(trainee.masks.widths) is None
        if is_even and present - on >= self._share * present:
            trainee.compact()
        return removed

    def _evidence(self) -> Evidence:
        trainee = self._trainee
        return Evidence(
            groups=trainee.groups,
            tensors=trainee.tensors,
            signal=trainee.gates.signal.stop(),
            generator=self._generator,
            learned=trainee.recollection.learned(trainee.masks),
            learned_units=trainee.recollection.units(),
            earlier=trainee.recollection.earlier(trainee.masks),
            on=trainee.masks.on,
            curvature=self._curvature.stop(),
            batch_norm_scales=trainee.batch_norm_scales,
        )

    def take_rankings(self) -> tuple[Ranking, ...]:
        """Of the groups that may give, in forward order."""
        last, self._last = self._last, None
        if last is None:
            return ()
        free = [name for name, bounds in self._rules.bounds.items() if bounds.below(bounds.dense) is not None]
        ranked = {name: last.scores[name][last.on[name]].sort().values for name in free}
        return tuple(Ranking(name, scores, last.gone[name]) for name, scores in ranked.items() if len(scores))

    def restore(self) -> None:
        """Nothing: masks and widths say it all."""

    def settle(self) -> None:
        """Remove all channels that are off."""
        self._trainee.compact()

    def size(self) -> Size:
        """Masked channels count as removed."""
        return size_at(self._model, self._trainee.masks.widths)

    def delivered(self) -> Delivered:
        """Groups end at widths that the recipe allows, even if some of their channels are dead."""
        present = self._trainee.as_thinned()
        needed = finish(present, self._rules.bounds, self._pins) if self._removes_dead else present
        lost = lost_layers(present.network, needed.network)
        size = sized_without(size_at(self._model, needed.widths), lost, needed.network)
        return Delivered(needed.network, size, needed.lost_since(present), needed.present, tuple(lost.values()))


def _making_layers(summary: NetworkSummary) -> dict[str, tuple[Layer, ...]]:
    """By group."""
    layers = {layer.name: layer for layer in summary.layers}
    return {group.name: tuple(layers[name] for name in group.layers if name in layers) for group in summary.groups}


def _check_scores(scores: dict[str, Tensor]) -> None:
    for name, score in scores.items():
        if not bool(torch.isfinite(score).all()):
            raise JobFailure(
                FailureCode.DIVERGED,
                f"The scores of the channels of `{name}` are not finite: training diverges.",
                "Lower prune.optimizer.learning_rate.",
            )
