"""Allocations: how much each layer gives."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, field_validator

from backend.domain.granularities import ForGranularities, GranularityKind
from backend.domain.named_numbers import LayerFactor, numbers, sort_factors

_WEIGHTS: frozenset[GranularityKind] = frozenset({"unstructured"})


class ByLayer(ForGranularities):
    """An allocation by one number for all layers, which single layers may have multiplied."""

    layer_factors: tuple[LayerFactor, ...] = ()

    @field_validator("layer_factors")
    @classmethod
    def _sort_factors(cls, factors: tuple[str, ...]) -> tuple[str, ...]:
        """The same factors in another order are the same recipe; a layer named twice and a factor of 0 are refused."""
        zero = next((name for name, factor in numbers(factors).items() if not factor), None)
        if zero is not None:
            raise ValueError(f"the factor of `{zero}` is 0; give one above 0")
        return sort_factors(factors)

    @property
    def factors(self) -> dict[str, float]:
        """Factors by layer."""
        return numbers(self.layer_factors)


class GlobalAllocation(ForGranularities):
    """Rank the channels (or weights) of all layers together; the scores decide how much each layer gives."""

    kind: Literal["global"] = "global"


class UniformAllocation(ByLayer):
    """Thin every layer alike, or by factors of your own; the criterion only ranks channels (or weights) inside a layer.

    A layer keeps the share `min(1, s * factor)`, with one `s` for all layers that meets the target.
    """

    kind: Literal["uniform"] = "uniform"
    layer_factors: tuple[LayerFactor, ...] = Field(
        (),
        max_length=10_000,
        description="What single layers keep beside the others: `conv1=2` twice the share, at most all. Of coupled "
        "layers the factors are multiplied.",
    )


class ErkAllocation(ForGranularities):
    """Keep more of small layers: Erdos-Renyi kernel (Evci et al. 2020, arXiv:1911.11134).

    A layer keeps the share `min(1, e * (sum of its weight's sizes) / (product of them))` of its weights, or of its
    channels, with one `e` for all layers that meets the target; the criterion only ranks inside a layer.
    """

    kind: Literal["erk"] = "erk"


class LampAllocation(ForGranularities):
    """Rank all weights by their share in what is left of their layer (LAMP; Lee et al. 2021, arXiv:2010.07611).

    The score of a weight is its square over the sum of the squares of all weights of its layer that are as large or
    larger, so that removing a layer's last weights costs most. Channels are ranked so by their norms.
    """

    kind: Literal["lamp"] = "lamp"


class LayerThresholdAllocation(ByLayer):
    """Remove weights below a threshold in proportion to the spread of their layer (Han et al. 2015, arXiv:1506.02626).

    A weight goes when `|w| < s * factor * std` of the weights that its layer still has, with one `s` for all layers
    that meets the target.
    """

    kind: Literal["layer_threshold"] = "layer_threshold"
    layer_factors: tuple[LayerFactor, ...] = Field(
        (),
        max_length=10_000,
        description="Other thresholds for single layers, as factors: `conv1=0.5` halves it, so that the layer keeps "
        "more (the authors choose them by the sensitivity of each layer).",
    )
    granularities: ClassVar[frozenset[GranularityKind]] = _WEIGHTS


Allocation = Annotated[
    GlobalAllocation | UniformAllocation | ErkAllocation | LampAllocation | LayerThresholdAllocation,
    Field(discriminator="kind"),
]
