"""Dense training that runs have in common: what one has trained, another takes up from there, to identical bits."""

import json
from dataclasses import replace

from backend.domain.recipe import Recipe
from worker.engine.checkpoint import Checkpoint
from worker.engine.retraining.early import wanted_moments


def training_of(recipe: Recipe) -> str | None:
    """What decides a recipe's dense training and what is kept of it, as text: equal in runs that have it in common.

    Targets, operating points and retraining come later. None where a recipe trains no dense network, or goes by times
    that its own run measures.
    """
    if recipe.dense is None or recipe.latency is not None:
        return None
    sections = recipe.model_dump(mode="json", exclude={"target", "retrain"})
    del sections["prune"]["points"]
    return json.dumps([sections, sorted(wanted_moments(recipe))], sort_keys=True)


def taken_up(trained: Checkpoint, recipe: Recipe) -> Checkpoint:
    """The end of a dense training as a checkpoint of another recipe, for which `training_of` is the same."""
    return replace(trained, state=trained.state | {"recipe": recipe.fingerprint()})
