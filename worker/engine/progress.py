"""How far a pruning run is."""

import math
from dataclasses import dataclass

from backend.domain.recipe import Recipe
from backend.domain.thinning import SizeModel


@dataclass(frozen=True)
class Forecast:
    """Optimizer steps a run will take: exact for retraining, a forecast for the removals."""

    prune_steps: float
    retrain_steps: int
    target_density: float

    def progress(self, density: float, retrained_steps: int) -> float:
        """Share of the run that is done, in [0, 1]; never falls, because neither argument goes back."""
        pruned = min(1.0, math.log(density) / math.log(self.target_density)) if density > 0 else 1.0
        total = self.prune_steps + self.retrain_steps
        return min(1.0, (self.prune_steps * pruned + retrained_steps) / total)


def forecast(recipe: Recipe, model: SizeModel, training_steps: int, channels: int | None, epoch: int) -> Forecast:
    """Forecast a run; `epoch` is the number of mini-batches in one.

    MACs and parameters go with about the square of the width, so their root tells how many channels leave.
    """
    density = recipe.target.density
    kept = density if recipe.target.kind == "sparsity" else math.sqrt(density)
    leaving = (1 - kept) * model.dense.channels
    removals = recipe.prune.points if channels is None else max(1.0, leaving / channels)
    return Forecast(removals * training_steps, recipe.prune.points * recipe.retrain.epochs * epoch, density)
