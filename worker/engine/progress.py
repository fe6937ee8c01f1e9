"""How far a pruning run is."""

import math
from dataclasses import dataclass

from backend.domain.recipe import Recipe
from backend.domain.reports import Phase
from backend.domain.thinning import SizeModel
from worker.engine.retraining.stretches import Stretches
from worker.engine.schedules import RemovalSchedule


@dataclass(frozen=True)
class Moment:
    """Where a run is."""

    phase: Phase
    level: int
    """Operating points from 1."""
    share: float
    """Part of the stretch of training under way that is done, in [0, 1]; 0 between stretches."""
    density: float


@dataclass(frozen=True)
class Forecast:
    """Optimizer steps a run will take: a forecast for the removals, and for stretches that depend on their outcome."""

    prune_steps: float
    first_steps: int
    """Of the dense training."""
    sparsify_steps: tuple[int, ...]
    """By level; 0 where it begins with removals."""
    retrain_steps: tuple[int, ...]
    """By level."""
    target_density: float

    def progress(self, moment: Moment) -> float:
        """Share of the run that is done, in [0, 1]; never falls, because no part of a moment goes back."""
        density = moment.density
        pruned = min(1.0, math.log(density) / math.log(self.target_density)) if density > 0 else 1.0
        total = self.prune_steps + self.first_steps + sum(self.sparsify_steps) + sum(self.retrain_steps)
        return min(1.0, (self.prune_steps * pruned + self._trained(moment)) / total)

    def _trained(self, moment: Moment) -> float:
        if moment.phase is Phase.TRAIN:
            return moment.share * self.first_steps
        before = moment.level - 1
        done = self.first_steps + sum(self.sparsify_steps[:before]) + sum(self.retrain_steps[:before])
        if moment.phase is Phase.SPARSIFY:
            return done + moment.share * self.sparsify_steps[before]
        share = moment.share if moment.phase is Phase.RETRAIN else 0.0
        return done + self.sparsify_steps[before] + share * self.retrain_steps[before]


def first_phase(recipe: Recipe, level: int) -> Phase:
    """What the way to an operating point, from 1, begins with; nothing is sparsified beyond the last one."""
    last = recipe.prune.points if recipe.sparsify is not None and recipe.sparsify.passes == "each_point" else 1
    return Phase.PRUNE if recipe.sparsify is None or level > last else Phase.SPARSIFY


def density_at(recipe: Recipe, level: int) -> float:
    """The fraction that stays at an operating point: even steps in its logarithm, 1 at level 0."""
    density: float = recipe.target.density ** (level / recipe.prune.points)
    return density


def forecast(
    recipe: Recipe, model: SizeModel, schedule: RemovalSchedule, stretches: Stretches, validation_steps: float
) -> Forecast:
    """Forecast a run; `validation_steps` is how many optimizer steps take as long as measuring on the validation split.

    MACs and parameters go with about the square of the width, so their root tells how many channels leave.
    """
    density, points = recipe.target.density, recipe.prune.points
    kept = density if recipe.target.kind == "sparsity" else math.sqrt(density)
    leaving = (1 - kept) * model.dense.channels
    removals = points * schedule.removals if schedule.channels is None else max(1.0, leaving / schedule.channels)
    measuring = 2 * validation_steps if recipe.prune.measure_removals else 0.0  # before the removal, and after it
    macs = [max(1, round(model.dense.macs * kept ** (2 * level / points))) for level in range(1, points + 1)]
    sparsify = stretches.steps(Phase.SPARSIFY, model.dense.macs)
    return Forecast(
        prune_steps=removals * (schedule.training_steps + measuring),
        first_steps=stretches.steps(Phase.TRAIN, model.dense.macs),
        sparsify_steps=tuple(
            sparsify if first_phase(recipe, level) is Phase.SPARSIFY else 0 for level in range(1, points + 1)
        ),
        retrain_steps=tuple(stretches.steps(Phase.RETRAIN, left) for left in macs),
        target_density=density,
    )
