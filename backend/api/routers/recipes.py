"""Recipes: presets to start from, the schema that forms are drawn from, and a check."""

from typing import Annotated, Any

from fastapi import APIRouter, Body

from backend.api.dependencies import ScopeOf
from backend.api.documentation import MISSING
from backend.api.schemas.common import EXAMPLE_ID, Problem
from backend.api.schemas.recipes import RecipeCheckAnswer, RecipeCheckBody
from backend.domain.presets import PRESETS, Preset
from backend.services import catalogue

router = APIRouter(tags=["recipes"])

RECIPE_EXAMPLE = PRESETS["theis2018-fisher"].recipe.model_dump(mode="json")
_CHECK_EXAMPLE = {"recipe": RECIPE_EXAMPLE, "model_id": EXAMPLE_ID, "dataset_id": EXAMPLE_ID}


@router.get("/presets")
def list_presets() -> list[Preset]:
    """Papers' recipes by name, and the baselines they must beat."""
    return list(catalogue.list_presets())


@router.get("/recipes/schema")
def get_schema() -> dict[str, Any]:
    """The JSON schema of a recipe: with help, limits and defaults."""
    return catalogue.recipe_schema()


@router.post("/recipes/check", responses=MISSING)
def check_recipe(
    body: Annotated[RecipeCheckBody, Body(examples=[_CHECK_EXAMPLE])], scope: ScopeOf
) -> RecipeCheckAnswer:
    """Say all that is wrong with a recipe, for a model and a dataset when they are given; nothing is stored."""
    check = catalogue.check_recipe(scope, body.recipe, body.model_id, body.dataset_id)
    problems = [Problem(field=problem.field, detail=problem.detail) for problem in check.problems]
    return RecipeCheckAnswer(fingerprint=check.fingerprint, problems=problems, notices=list(check.notices))
