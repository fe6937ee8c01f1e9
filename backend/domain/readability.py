"""Whether a criterion can score a network: some read at activations, which not every group of channels has."""

from dataclasses import dataclass

from backend.domain.bounds import pinned_groups
from backend.domain.network import NetworkSummary
from backend.domain.pruning import Prune

_READ_AT_ACTIVATIONS = frozenset({"fisher", "taylor", "taylor_squared"})
"""Criteria that need, for every example, the activation and gradient of each channel."""
_MOST_LAYERS = 3
"""Layers that one sentence names."""


@dataclass(frozen=True)
class Unreadable:
    """Layers that the recipe's criterion cannot score."""

    criterion: str
    layers: tuple[str, ...]

    @property
    def detail(self) -> str:
        """A sentence that names the layers and says why."""
        names = ", ".join(f"`{layer}`" for layer in self.layers[:_MOST_LAYERS])
        more = len(self.layers) - _MOST_LAYERS
        names += f" and {more} more" if more > 0 else ""
        return (
            f"The criterion `{self.criterion}` cannot score the hidden units of {names}: they feed back inside a "
            "recurrent layer, where no activation shows them example by example."
        )

    @property
    def hint(self) -> str:
        """What to choose instead."""
        return "Choose the criterion `magnitude` or `random`, or add these layers to prune.pins."


def unreadable(summary: NetworkSummary, prune: Prune) -> Unreadable | None:
    """The layers that the criterion cannot score and that no pin keeps whole; None when there are none."""
    if prune.criterion.kind not in _READ_AT_ACTIVATIONS:
        return None
    pinned = pinned_groups(summary, prune.pins)
    groups = [group for group in summary.groups if group.unit == "hidden" and group.name not in pinned]
    layers = tuple(dict.fromkeys(layer for group in groups for layer in group.layers))
    return Unreadable(prune.criterion.kind, layers) if layers else None
