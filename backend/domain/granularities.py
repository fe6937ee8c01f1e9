"""Granularities: what one decision removes."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from backend.domain.spec import Spec

GranularityKind = Literal["channel", "unstructured"]


class ChannelGranularity(Spec):
    """Remove whole channels (feature maps, hidden units), so that the network becomes physically thinner."""

    kind: Literal["channel"] = "channel"


class UnstructuredGranularity(Spec):
    """Set single weights to zero (LeCun et al. 1990; Han et al. 2015, arXiv:1506.02626).

    Weights of convolutional, linear and recurrent layers may go, never biases or norms. Shapes stay, so the network
    is no faster until a runtime for sparse weights is used.
    """

    kind: Literal["unstructured"] = "unstructured"
    embeddings: bool = Field(
        default=False, description="Whether the tables of embeddings, which the network must have, give weights too."
    )
    rescale_dropout: bool = Field(
        default=False,
        description="Whether dropout weakens with what it follows: its rate is multiplied by the root of the share of "
        "weights left in the layer whose outputs it drops (Han et al. 2015, eq. 2). Nothing where nothing is dropped.",
    )


Granularity = Annotated[ChannelGranularity | UnstructuredGranularity, Field(discriminator="kind")]


class ForGranularities(Spec):
    """A method that says for which granularities it exists; one that does not say is for channels alone."""

    granularities: ClassVar[frozenset[GranularityKind]] = frozenset({"channel", "unstructured"})


def granularities_of(method: Spec | type[Spec]) -> frozenset[GranularityKind]:
    """The granularities that a criterion or an allocation exists for."""
    kind = method if isinstance(method, type) else type(method)
    return kind.granularities if issubclass(kind, ForGranularities) else frozenset({"channel"})
