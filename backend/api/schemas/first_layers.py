"""Pictures of the layers that read a network's inputs."""

from typing import Self

from pydantic import Field

from backend.api.schemas.common import Answer
from backend.api.schemas.figures import FigureAnswer
from backend.domain.first_layers import FirstLayer
from backend.figures import to_wire
from backend.figures.first_layer_caption import caption_of
from backend.figures.first_layers import draw_first_layer


class FirstLayerAnswer(Answer):
    """One layer that reads an input: which of its filters are left, or how much of it reads each input."""

    picture: FirstLayer = Field(description="The numbers.")
    caption: str = Field(description="What the figure shows, in a few sentences.")
    figure: FigureAnswer

    @classmethod
    def of(cls, picture: FirstLayer) -> Self:
        """From the domain's value."""
        figure = FigureAnswer.model_validate(to_wire(draw_first_layer(picture)))
        return cls(picture=picture, caption=caption_of(picture), figure=figure)
