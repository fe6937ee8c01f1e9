"""How much a run trained, from its recipe and its last operating point."""

from backend.domain.recipe import Recipe
from backend.domain.reports import OperatingPoint, Phase
from worker.engine.retraining.stretches import Stretch, Stretches


def epochs_trained(recipe: Recipe, dense: OperatingPoint, last: OperatingPoint, per_epoch: int) -> float:
    """Passes over the training data between the dense network and the last operating point, of all kinds together.

    Sparsifying, training between removals, and retraining; `per_epoch` is the mini-batches in one pass. A budget in
    MACs is counted at the size of the last point, as is right for runs with one.
    """
    stretches = Stretches(recipe, per_epoch, dense.macs)
    sparsify = stretches.at(Phase.SPARSIFY, dense.macs)
    retrain = stretches.at(Phase.RETRAIN, last.macs)
    points = recipe.prune.points
    once = recipe.sparsify is None or recipe.sparsify.passes == "once"
    parts = [(sparsify, 1 if once else points), (retrain, points)]
    removals = last.step - dense.step - sum(times * _records(stretch) for stretch, times in parts)
    steps = sum(times * stretch.steps for stretch, times in parts if stretch is not None)
    return (steps + removals * recipe.prune.schedule.training_steps) / per_epoch


def _records(stretch: Stretch | None) -> int:
    """Records that a stretch makes of its steps."""
    done = count = 0
    while stretch is not None and done < stretch.steps:
        done += stretch.record_steps(done)
        count += 1
    return count
