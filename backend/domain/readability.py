"""Whether a criterion can score a network: some read at activations or batch norms, which not every group has."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from backend.domain.bounds import pinned_groups
from backend.domain.network import ChannelGroupInfo, NetworkSummary
from backend.domain.pruning import Prune

_READ_AT_ACTIVATIONS = frozenset({"fisher", "taylor", "taylor_squared"})
"""Criteria that need, for every example, the activation and gradient of each channel."""
_MOST_LAYERS = 3
"""Layers that one sentence names."""


@dataclass(frozen=True)
class Unreadable:
    """Why the recipe's criterion cannot score the network."""

    detail: str
    """A sentence that names the layers and says why."""
    hint: str
    """What to choose instead."""


def unreadable(summary: NetworkSummary, prune: Prune) -> Unreadable | None:
    """What the criterion cannot score and no pin keeps whole; None when there is nothing."""
    if prune.granularity.kind != "channel":
        return None
    pinned = pinned_groups(summary, prune.pins)
    groups = [group for group in summary.groups if group.name not in pinned]
    return next((found for reason in _REASONS if (found := reason(groups, prune.criterion.kind))), None)


def _feed_back(groups: Iterable[ChannelGroupInfo], criterion: str) -> Unreadable | None:
    names = tell_layers(group for group in groups if group.unit == "hidden")
    if criterion not in _READ_AT_ACTIVATIONS or not names:
        return None
    return Unreadable(
        f"The criterion `{criterion}` cannot score the hidden units of {names}: they feed back inside a recurrent "
        "layer, where no activation shows them example by example.",
        "Choose the criterion `magnitude` or `random`, or add these layers to prune.pins.",
    )


def _have_no_batch_norm(groups: Iterable[ChannelGroupInfo], criterion: str) -> Unreadable | None:
    names = tell_layers(group for group in groups if group.batch_norms == ())
    if criterion != "batch_norm_scale" or not names:
        return None
    return Unreadable(
        f"The criterion `{criterion}` cannot score the channels of {names}: no batch norm scales them.",
        "Choose another criterion, such as `fisher` or `magnitude`, or learn a gate for every channel "
        "(sparsify.regularizer `l0_hard_concrete` with the criterion `learned`), or add these layers to prune.pins.",
    )


def tell_layers(groups: Iterable[ChannelGroupInfo]) -> str:
    """The groups' layers as part of a sentence; empty when there are none."""
    layers = tuple(dict.fromkeys(layer for group in groups for layer in group.layers))
    names = ", ".join(f"`{layer}`" for layer in layers[:_MOST_LAYERS])
    more = len(layers) - _MOST_LAYERS
    return f"{names} and {more} more" if more > 0 else names


_REASONS: tuple[Callable[[Iterable[ChannelGroupInfo], str], Unreadable | None], ...] = (_feed_back, _have_no_batch_norm)
