"""Figures as `Plotly.react` takes them."""

from pydantic import Field, JsonValue

from backend.api.schemas.common import Answer


class FigureAnswer(Answer):
    """A plotly figure without a template: the browser themes it."""

    data: list[JsonValue] = Field(description="plotly traces")
    layout: dict[str, JsonValue] = Field(description="plotly layout")
