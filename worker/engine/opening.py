"""The opening of a run: training that nothing of its target enters, and that other runs may have in common with it.

It is the first stretch of sparsifying, and before it the training of the dense network, where a run makes that itself.
What one run has trained, another takes up from there, to identical bits.
"""

import json
from dataclasses import replace

from backend.domain.recipe import Recipe
from backend.domain.reports import Phase
from worker.engine.checkpoint import Checkpoint
from worker.engine.retraining.early import wanted_moments

_PHASES = (Phase.TRAIN, Phase.SPARSIFY)


def opening_of(recipe: Recipe) -> str | None:
    """What decides a recipe's opening and what is kept of it, as text: equal in runs that have it in common.

    Targets, operating points and retraining come later. None where a recipe does not sparsify, or goes by times that
    its own run measures.
    """
    if recipe.sparsify is None or recipe.latency is not None:
        return None
    sections = recipe.model_dump(mode="json", exclude={"target", "retrain"})
    del sections["prune"]["points"]
    return json.dumps([sections, sorted(wanted_moments(recipe))], sort_keys=True)


def is_in_opening(checkpoint: Checkpoint) -> bool:
    """Whether nothing of the target has been asked for yet."""
    return checkpoint.state["phase"] in _PHASES and checkpoint.state["level"] == 1


def taken_up(opening: Checkpoint, recipe: Recipe) -> Checkpoint:
    """The end of an opening as a checkpoint of another recipe, for which `opening_of` is the same."""
    return replace(opening, state=opening.state | {"recipe": recipe.fingerprint()})
