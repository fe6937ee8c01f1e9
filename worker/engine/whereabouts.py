"""Where in a recipe's training a run stands, and which of its settings to change where it diverges there."""

from backend.domain.recipe import Recipe
from backend.domain.reports import Phase
from worker.engine.divergence import Whereabouts
from worker.engine.place import Place
from worker.engine.retraining.stretches import Stretch

_SECTIONS = {Phase.TRAIN: "dense", Phase.SPARSIFY: "sparsify", Phase.PRUNE: "prune", Phase.RETRAIN: "retrain"}
_NORM = "gradient_norm (1, say; a network without norms, or with norms folded into its weights, may need it)"


def whereabouts(place: Place, recipe: Recipe, stretch: Stretch | None, steps_between: int) -> Whereabouts:
    """A run that stands at a place, in a stretch of known length or between removals, `steps_between` steps apart."""
    section = _SECTIONS[place.phase]
    if stretch is None:
        return Whereabouts(
            stretch=f"between removals (section {section}, on the way to operating point {place.level})",
            done=place.removals * steps_between,
            steps=None,
            advice=f"Lower prune.optimizer.learning_rate (it is {recipe.prune.optimizer.learning_rate:g})",
        )
    point = "" if place.phase is Phase.TRAIN else f", on the way to operating point {place.level}"
    rates = "dense" if stretch.schedule is recipe.dense else section
    return Whereabouts(
        stretch=f"in section {section}{point}",
        done=place.trained,
        steps=stretch.steps,
        advice=f"Lower {rates}.optimizer.learning_rate (it is {stretch.schedule.optimizer.learning_rate:g})"
        f"{_weaker(place.phase)}, or set {section}.{_NORM}",
    )


def _weaker(phase: Phase) -> str:
    return ", make sparsify.regularizer weaker" if phase is Phase.SPARSIFY else ""
