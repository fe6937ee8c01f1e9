"""Whether a criterion can score a network: some read at activations or batch norms, which not every group has."""

from collections.abc import Callable, Iterable, Sequence
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
    return next((found for reason in _REASONS if (found := reason(groups, prune))), None)


def _feed_back(groups: Sequence[ChannelGroupInfo], prune: Prune) -> Unreadable | None:
    hidden = _unshown(groups)
    if prune.criterion.kind not in _READ_AT_ACTIVATIONS or not hidden:
        return None
    magnitude = "or `magnitude`" if prune.cost.kind == "none" else "or `magnitude` with prune.cost `none`"
    return Unreadable(
        f"The criterion `{prune.criterion.kind}` cannot score the hidden units of {tell_layers(hidden)}: they feed "
        "back inside a recurrent layer that cannot be taken step by step. For that its weights must be those of one "
        "`nn.LSTM`, `nn.GRU` or `nn.RNN` alone, and examples must lie along the axis that it batches.",
        f"Choose the criterion `obd` {magnitude}{_gates(hidden)}, or add these layers to prune.pins.",
    )


def _have_no_batch_norm(groups: Sequence[ChannelGroupInfo], prune: Prune) -> Unreadable | None:
    bare = [group for group in groups if group.batch_norms == ()]
    if prune.criterion.kind != "batch_norm_scale" or not bare:
        return None
    other = "obd" if _unshown(groups) else "fisher"
    return Unreadable(
        f"The criterion `{prune.criterion.kind}` cannot score the channels of {tell_layers(bare)}: no batch norm "
        "scales them.",
        f"Choose another criterion, such as `{other}`{_gates(bare)}, or add these layers to prune.pins.",
    )


def _unshown(groups: Iterable[ChannelGroupInfo]) -> list[ChannelGroupInfo]:
    return [group for group in groups if group.is_readable is False]


def _gates(groups: Iterable[ChannelGroupInfo]) -> str:
    """Gates as a way out, where all of these channels can have one; else nothing."""
    if any(group.takes_gates is False for group in groups):
        return ""
    return ", or learn a gate for every channel (sparsify.regularizer `l0_hard_concrete` with the criterion `learned`)"


def tell_layers(groups: Iterable[ChannelGroupInfo]) -> str:
    """The groups' layers as part of a sentence; empty when there are none."""
    layers = tuple(dict.fromkeys(layer for group in groups for layer in group.layers))
    names = ", ".join(f"`{layer}`" for layer in layers[:_MOST_LAYERS])
    more = len(layers) - _MOST_LAYERS
    return f"{names} and {more} more" if more > 0 else names


_Reason = Callable[[Sequence[ChannelGroupInfo], Prune], Unreadable | None]
_REASONS: tuple[_Reason, ...] = (_feed_back, _have_no_batch_norm)
