"""What a recipe asks of a network's layers that the network does not have."""

from dataclasses import dataclass

from backend.domain.network import NetworkSummary
from backend.domain.pruning import Prune


@dataclass(frozen=True)
class Absence:
    """A setting that would do nothing with this network."""

    detail: str
    """A sentence that names it, and what is missing."""
    hint: str
    """What to choose instead."""
    field: str


def absence(summary: NetworkSummary, prune: Prune) -> Absence | None:
    """The layers that a setting is for and that the network lacks; None when nothing is missing."""
    granularity = prune.granularity
    if granularity.kind == "channel" or not granularity.embeddings:
        return None
    if any(layer.type == "embedding" for layer in summary.layers):
        return None
    return Absence(
        "prune.granularity.embeddings lets the tables of embeddings give weights, and the network has no embedding.",
        "Switch it off.",
        "prune.granularity.embeddings",
    )
