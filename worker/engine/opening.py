"""The opening of a run: what it does before its target decides anything; other runs may have it in common.

It is the training of the dense network, where a run makes that itself, the first stretch of sparsifying, and the
removals of a greedy schedule, which takes the same channels whatever it is to stop at. What one run has done, another
takes up from there, to identical bits.
"""

import json
from dataclasses import replace

from backend.domain.combinations import counts_latency
from backend.domain.reach import density_of, is_down_to
from backend.domain.recipe import Recipe
from backend.domain.reports import Phase
from backend.domain.thinning import SizeModel
from worker.engine.checkpoint import Checkpoint
from worker.engine.progress import density_at
from worker.engine.retraining.early import wanted_moments

_TRAINING = (Phase.TRAIN, Phase.SPARSIFY)


def opening_of(recipe: Recipe) -> str | None:
    """What decides a recipe's opening and what is kept of it, as text: equal in runs that have it in common.

    Targets, operating points and retraining come later. None where a recipe has no opening, or goes by times, which
    its own run may measure.
    """
    if counts_latency(recipe.prune, recipe.sparsify) or (recipe.sparsify is None and not _is_greedy(recipe)):
        return None
    sections = recipe.model_dump(mode="json", exclude={"target", "retrain"})
    del sections["prune"]["points"]
    if recipe.distill is not None and not recipe.distill.teaches_sparsifying:
        sections["distill"] = None
    return json.dumps([sections, sorted(wanted_moments(recipe))], sort_keys=True)


def is_in_opening(checkpoint: Checkpoint, recipe: Recipe, model: SizeModel) -> bool:
    """Whether the recipe's target has decided nothing yet; `model` is of the dense network.

    A removal that comes to the target may stop before it has taken as many channels as the schedule says.
    """
    phase = checkpoint.state["phase"]
    if checkpoint.state["level"] != 1 or phase not in (*_TRAINING, Phase.PRUNE):
        return False
    return phase in _TRAINING or (_is_greedy(recipe) and not _is_reached(checkpoint, recipe, model))


def taken_up(opening: Checkpoint, recipe: Recipe) -> Checkpoint:
    """A place in an opening as a checkpoint of another recipe, for which `opening_of` is the same."""
    return replace(opening, state=opening.state | {"recipe": recipe.fingerprint()})


def _is_greedy(recipe: Recipe) -> bool:
    return recipe.prune.schedule.kind == "greedy"


def _is_reached(checkpoint: Checkpoint, recipe: Recipe, model: SizeModel) -> bool:
    masks = checkpoint.part("masks")
    widths = {name.removesuffix("/on"): int(on.sum()) for name, on in masks.items() if name.endswith("/on")}
    density = density_of(recipe.target.kind, model.counts(widths), model.dense)
    return is_down_to(density, density_at(recipe, 1))
