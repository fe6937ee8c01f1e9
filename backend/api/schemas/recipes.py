"""Recipes: checking one before a run is made of it."""

from pydantic import Field, JsonValue

from backend.api.schemas.common import Answer, Body, Id, Problem


class RecipeCheckBody(Body):
    """A recipe in the making, with the model and the dataset it is meant for, where they are known."""

    recipe: dict[str, JsonValue]
    model_id: Id | None = None
    dataset_id: Id | None = None


class RecipeCheckAnswer(Answer):
    """Whether the recipe could be run."""

    fingerprint: str | None = Field(description="sha256 that identifies the recipe; null while it is not valid.")
    problems: list[Problem] = Field(description="Empty when the recipe can be run; paths start inside the recipe.")
    notices: list[str] = Field(
        description="Settings that do nothing with this model, one sentence each; the recipe can be run all the same."
    )
