"""How far a pruning run is."""

import math
from dataclasses import dataclass

from backend.domain.recipe import Recipe
from backend.domain.thinning import SizeModel
from worker.engine.schedules import RemovalSchedule


@dataclass(frozen=True)
class Forecast:
    """Optimizer steps a run will take: exact for stretches of training, a forecast for the removals."""

    prune_steps: float
    stretch_steps: int
    target_density: float

    def progress(self, density: float, trained_steps: int) -> float:
        """Share of the run that is done, in [0, 1]; never falls, because neither argument goes back."""
        pruned = min(1.0, math.log(density) / math.log(self.target_density)) if density > 0 else 1.0
        total = self.prune_steps + self.stretch_steps
        return min(1.0, (self.prune_steps * pruned + trained_steps) / total)


def forecast(recipe: Recipe, model: SizeModel, schedule: RemovalSchedule, epoch: int) -> Forecast:
    """Forecast a run; `epoch` is the number of mini-batches in one.

    MACs and parameters go with about the square of the width, so their root tells how many channels leave.
    """
    density = recipe.target.density
    kept = density if recipe.target.kind == "sparsity" else math.sqrt(density)
    leaving = (1 - kept) * model.dense.channels
    points = recipe.prune.points
    removals = points * schedule.removals if schedule.channels is None else max(1.0, leaving / schedule.channels)
    epochs = points * recipe.retrain.epochs + (0 if recipe.sparsify is None else recipe.sparsify.epochs)
    return Forecast(removals * schedule.training_steps, epochs * epoch, density)
