"""Every preset on the command line: what it starts is the recipe that the browser and the API offer."""

import pytest

from backend.domain.presets import PRESETS
from worker.recipes import RecipeChoice, choose_recipe


@pytest.mark.parametrize("name", list(PRESETS))
def test_every_preset_is_the_recipe_of_its_name(name: str) -> None:
    assert choose_recipe(RecipeChoice(preset=name)) == PRESETS[name].recipe
    assert choose_recipe(RecipeChoice(preset=name, seed=7)) == PRESETS[name].recipe.model_copy(update={"seed": 7})
