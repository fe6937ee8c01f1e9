"""Allocations: how much each layer gives."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from backend.domain.granularities import ForGranularities, GranularityKind

_WEIGHTS: frozenset[GranularityKind] = frozenset({"unstructured"})


class GlobalAllocation(ForGranularities):
    """Rank the channels (or weights) of all layers together; the scores decide how much each layer gives."""

    kind: Literal["global"] = "global"


class UniformAllocation(ForGranularities):
    """Thin every layer alike; the criterion only ranks channels (or weights) inside a layer."""

    kind: Literal["uniform"] = "uniform"


class ErkAllocation(ForGranularities):
    """Keep more of small layers: Erdos-Renyi kernel (Evci et al. 2020, arXiv:1911.11134).

    A layer keeps the share `min(1, e * (sum of its weight's sizes) / (product of them))` of its weights, with one
    `e` for all layers that meets the target; the criterion only ranks weights inside a layer.
    """

    kind: Literal["erk"] = "erk"
    granularities: ClassVar[frozenset[GranularityKind]] = _WEIGHTS


class LampAllocation(ForGranularities):
    """Rank all weights by their share in what is left of their layer (LAMP; Lee et al. 2021, arXiv:2010.07611).

    The score of a weight is its square over the sum of the squares of all weights of its layer that are as large or
    larger, so that removing a layer's last weights costs most.
    """

    kind: Literal["lamp"] = "lamp"
    granularities: ClassVar[frozenset[GranularityKind]] = _WEIGHTS


class LayerThresholdAllocation(ForGranularities):
    """Remove weights below a threshold in proportion to the spread of their layer (Han et al. 2015, arXiv:1506.02626).

    A weight goes when `|w| < s * std` of the weights that its layer still has, with one `s` for all layers that meets
    the target.
    """

    kind: Literal["layer_threshold"] = "layer_threshold"
    granularities: ClassVar[frozenset[GranularityKind]] = _WEIGHTS


Allocation = Annotated[
    GlobalAllocation | UniformAllocation | ErkAllocation | LampAllocation | LayerThresholdAllocation,
    Field(discriminator="kind"),
]
