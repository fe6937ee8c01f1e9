"""Presets of what follows once the architecture is found: each runs to its target, on a small scale."""

from typing import Any

import pytest

from backend.domain.presets import PRESETS
from backend.domain.recipe import Recipe
from tests.engine.runs import blobs, collect_run, small_mlp

FAMILY = "After the architecture is found"
NAMES = [name for name, preset in PRESETS.items() if preset.family == FAMILY]


def on_a_small_scale(recipe: Recipe) -> Recipe:
    """One epoch of small batches, two rounds, and a step to rewind to that there is."""
    value: dict[str, Any] = recipe.model_dump(mode="json")
    value["prune"]["points"] = min(2, recipe.prune.points)
    value["prune"]["dead_channels"] = "keep"  # so that targets are met to the last weight
    value["data"]["batch_size"] = 32
    value["retrain"]["epochs"] = 1
    if recipe.dense is not None:
        value["dense"] |= {"epochs": 1, "keep_step": min(2, recipe.dense.keep_step)}
    return Recipe.model_validate(value)


@pytest.mark.parametrize("name", NAMES)
def test_every_preset_reaches_its_target(name: str) -> None:
    chosen = on_a_small_scale(PRESETS[name].recipe)
    *_, last = (finished.point for finished in collect_run(small_mlp(), blobs(), chosen).points)
    assert last.is_target
    if chosen.target.kind == "sparsity":
        assert last.sparsity == pytest.approx(chosen.target.sparsity, abs=1e-3)
    else:
        assert last.macs <= chosen.target.density * 2600
