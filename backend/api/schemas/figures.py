"""Figures as `Plotly.react` takes them, and what may be asked of them."""

from pydantic import BaseModel, Field, JsonValue

from backend.api.schemas.common import Answer
from backend.figures import SizeAxis

MAX_STEP = 2**31 - 1
"""Also of operating points."""
MAX_NAME = 520


class FigureChoice(BaseModel):
    """What a figure is to show; each of these matters to one figure alone."""

    x: SizeAxis = Field("sparsity", description="What `accuracy` is drawn against.")
    step: int | None = Field(
        None, ge=0, le=MAX_STEP, description="Step that the `architecture` shows; 0 is the dense network."
    )
    point: int | None = Field(
        None, ge=0, le=MAX_STEP, description="Operating point whose `scores` are shown; by default the last one."
    )
    layer: str | None = Field(None, max_length=MAX_NAME, description="Layer whose `gates` are shown; by default all.")


class FigureAnswer(Answer):
    """A plotly figure without a template: the browser themes it."""

    data: list[JsonValue] = Field(description="plotly traces")
    layout: dict[str, JsonValue] = Field(description="plotly layout")
