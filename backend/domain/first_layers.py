"""What the layers that read a network's input look for: small pictures, taken when an operating point is recorded."""

import base64
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveInt

from backend.domain.spec import Spec

MOST_FILTERS = 256
"""Filters beyond the first so many of a layer are not kept."""
BLANK = -128
"""Stands for a weight that is zero."""

Channels: TypeAlias = Literal["color", "single", "rows", "magnitude"]
"""What became of a filter's input channels: three are red, green and blue; one is itself; a few of a signal are rows;
of others the mean magnitude is told."""


class FilterGrid(Spec):
    """The filters of a convolution that reads an input, those that are left."""

    kind: Literal["filters"] = "filters"
    layer: str
    inputs: tuple[str, ...] = Field(description="Names of the network's inputs that the layer reads.")
    dense: PositiveInt = Field(description="Filters in the dense network.")
    left: NonNegativeInt
    places: tuple[NonNegativeInt, ...] = Field(description="Place in the dense network of each filter shown.")
    norms: tuple[NonNegativeFloat, ...] = Field(description="L2 norm of each filter shown.")
    channels: Channels
    size: tuple[PositiveInt, ...] = Field(
        min_length=3, max_length=3, description="Values, height and width of one picture."
    )
    kernel: tuple[PositiveInt, ...] = Field(description="Of the layer; pictures of large kernels are smaller.")
    scale: NonNegativeFloat = Field(description="The weight for which 127 stands.")
    pixels: str = Field(description="Signed bytes, base64: picture after picture; -128 where weights are zero.")

    def values(self) -> memoryview:
        """Signed bytes: filters shown x values x height x width."""
        return memoryview(base64.b64decode(self.pixels)).cast("b")


class InputMap(Spec):
    """How the inputs are read by a fully connected (or recurrent) layer."""

    kind: Literal["inputs"] = "inputs"
    layer: str
    inputs: tuple[str, ...] = Field(description="Names of the network's inputs that the layer reads.")
    shape: tuple[PositiveInt, ...] = Field(description="Height and width of a map, or the length of a strip.")
    size: tuple[PositiveInt, ...] = Field(description="The same before cells were put together.")
    fold: PositiveInt = Field(description="Inputs along each axis that one cell stands for.")
    is_input: bool = Field(description="Cells are elements of the network's input; otherwise what the layer reads.")
    dense: PositiveInt = Field(description="Weights of the dense network that read one cell, at most.")
    has_zeros: bool = Field(description="Some weights are zero; otherwise all that is left reads every input.")
    counts: tuple[NonNegativeInt, ...] = Field(description="Weights that are left, cell by cell, row after row.")
    norms: tuple[NonNegativeFloat, ...] = Field(description="L2 norm of these weights.")

    @property
    def shown(self) -> tuple[float, ...]:
        """What tells the cells apart: how many weights are left, or their norms where that is the same for all."""
        return self.counts if self.has_zeros else self.norms


FirstLayer: TypeAlias = Annotated[FilterGrid | InputMap, Field(discriminator="kind")]
