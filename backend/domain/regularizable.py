"""Whether a network has what a recipe's regularizer works on."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from backend.domain.bounds import pinned_groups, unknown_pins
from backend.domain.network import NetworkSummary
from backend.domain.readability import tell_layers
from backend.domain.regularizers import (
    BatchNormL1Regularizer,
    GroupLassoRegularizer,
    L0HardConcreteRegularizer,
    Regularizer,
    SparseGroupLassoRegularizer,
    makes_single_weights_zero,
)
from backend.domain.retraining import Sparsify

_WITH_WINDOWS = frozenset({"conv", "product"})
"""Layers whose weights have more axes than those of a matrix."""
_OF_GATES = frozenset({"l0_hard_concrete", "l1_masks", "targeted_dropout", "bayesian_compression"})
"""Regularizers that multiply what reads a channel, unless they work on single weights."""
_WITHOUT_GATES = "Choose sparsify.regularizer `group_lasso` with the criterion `magnitude`, which needs no gates"
_WITH_SINGLE_WEIGHTS = (
    "prune.granularity `unstructured` with the criterion `magnitude` and a regularizer of single weights, such as "
    "`l0_hard_concrete` with gated `weights`"
)


@dataclass(frozen=True)
class Lack:
    """What a network lacks that the regularizer needs."""

    detail: str
    """A sentence that names it."""
    hint: str
    """What to choose instead."""
    field: str
    """The recipe's field that asks for it."""


def lack(summary: NetworkSummary, sparsify: Sparsify | None, pins: tuple[str, ...] = ()) -> Lack | None:
    """The first thing that the network lacks where no pin keeps it whole.

    None when nothing is missing, or there is no regularizer.
    """
    if sparsify is None:
        return None
    pinned, regularizer = pinned_groups(summary, pins), sparsify.regularizer
    free = summary.model_copy(update={"groups": tuple(group for group in summary.groups if group.name not in pinned)})
    for rule in _RULES:
        found = rule(free, regularizer)
        if found is not None:
            is_pinned = rule(summary, regularizer) is None
            return replace(found, hint=f"Take layers out of prune.pins. {found.hint}") if is_pinned else found
    return None


def _has_no_channel(summary: NetworkSummary, regularizer: Regularizer) -> Lack | None:
    if summary.groups or makes_single_weights_zero(regularizer):
        return None
    return Lack(
        f"The regularizer `{regularizer.kind}` works on channels that may go, and there are none.",
        f"Choose {_WITH_SINGLE_WEIGHTS}; or leave the section sparsify out.",
        "sparsify.regularizer",
    )


def _has_no_gate(summary: NetworkSummary, regularizer: Regularizer) -> Lack | None:
    if not gates_channels(regularizer) or not _nobody_reads(summary):
        return None
    return Lack(
        f"The regularizer `{regularizer.kind}` gives every channel a gate in the weights that read it, and none that "
        f"may go can have one: those of {tell_layers(summary.groups)} are read by other operations than layers with "
        "weights.",
        f"{_WITHOUT_GATES}; or {_WITH_SINGLE_WEIGHTS}.",
        "sparsify.regularizer",
    )


def gates_channels(regularizer: Regularizer) -> bool:
    """Whether it multiplies the weights that read a channel by a number of the channel's own."""
    return regularizer.kind in _OF_GATES and not makes_single_weights_zero(regularizer)


def _nobody_reads(summary: NetworkSummary) -> bool:
    """No channel that can go is read by stored weights alone, as far as the summary tells."""
    return bool(summary.groups) and all(group.takes_gates is False for group in summary.groups)


def _has_no_reader(summary: NetworkSummary, regularizer: Regularizer) -> Lack | None:
    if not _nobody_reads(summary):
        return None
    told = (
        f"and those of {tell_layers(summary.groups)}, all that may go, are read by other operations than layers with "
        "weights."
    )
    if isinstance(regularizer, SparseGroupLassoRegularizer) and regularizer.lines == "outgoing":
        return Lack(
            f"sparsify.regularizer.lines `outgoing` shrinks the weights that read channels, {told}",
            "Choose `incoming`, the weights that make channels.",
            "sparsify.regularizer.lines",
        )
    if isinstance(regularizer, GroupLassoRegularizer) and not (regularizer.strength or regularizer.layer_strength):
        return Lack(
            f"sparsify.regularizer.channel_strength shrinks the weights that read channels, {told}",
            "Set strength to a value such as 0.01: it shrinks the weights that make channels.",
            "sparsify.regularizer.channel_strength",
        )
    return None


def _has_no_batch_norm(summary: NetworkSummary, regularizer: Regularizer) -> Lack | None:
    is_known = all(group.batch_norms is not None for group in summary.groups)
    has_some = any(group.batch_norms for group in summary.groups)
    if not isinstance(regularizer, BatchNormL1Regularizer) or not is_known or has_some:
        return None
    gates = (
        "Choose sparsify.regularizer `l0_hard_concrete` or `l1_masks`, which give every channel a gate of its own, "
        "with the criterion `learned`"
    )
    return Lack(
        "The regularizer `batch_norm_l1` shrinks the scales of batch norms, and no batch norm of the network scales "
        "channels that can go.",
        f"{_WITHOUT_GATES if _nobody_reads(summary) else gates}.",
        "sparsify.regularizer",
    )


def _has_no_shortcut(summary: NetworkSummary, regularizer: Regularizer) -> Lack | None:
    is_known = all(group.branch_ends is not None for group in summary.groups)
    has_some = any(group.branch_ends for group in summary.groups)
    if not isinstance(regularizer, GroupLassoRegularizer) or not regularizer.layer_strength or not is_known or has_some:
        return None
    return Lack(
        f"sparsify.regularizer.layer_strength {regularizer.layer_strength:g} shrinks whole layers that end a branch "
        "beside a shortcut, and the network has no such layer whose channels can go: without it nothing would reach "
        "the classes.",
        "Set layer_strength to 0, and strength and channel_strength to values such as 0.01: then channels go in place "
        "of layers (the preset `wen2016-ssl`).",
        "sparsify.regularizer.layer_strength",
    )


def _has_no_window(summary: NetworkSummary, regularizer: Regularizer) -> Lack | None:
    if not isinstance(regularizer, GroupLassoRegularizer) or not regularizer.shape_strength:
        return None
    types = {layer.name: layer.type for layer in summary.layers}
    if any(types.get(name) in _WITH_WINDOWS for group in summary.groups for name in group.consumers):
        return None
    return Lack(
        f"sparsify.regularizer.shape_strength {regularizer.shape_strength:g} shrinks places in the kernels of "
        "convolutions that read channels which can go, and the network has no such convolution.",
        "Set shape_strength to 0, and strength and channel_strength to values such as 0.01 (the preset `wen2016-ssl`).",
        "sparsify.regularizer.shape_strength",
    )


def _has_no_such_layer(summary: NetworkSummary, regularizer: Regularizer) -> Lack | None:
    if not isinstance(regularizer, L0HardConcreteRegularizer):
        return None
    unknown = unknown_pins(summary, tuple(regularizer.factors))
    if not unknown:
        return None
    return Lack(unknown[0].detail, "Correct the names.", "sparsify.regularizer.layer_factors")


_RULES: tuple[Callable[[NetworkSummary, Regularizer], Lack | None], ...] = (
    _has_no_channel,
    _has_no_gate,
    _has_no_reader,
    _has_no_batch_norm,
    _has_no_shortcut,
    _has_no_window,
    _has_no_such_layer,
)
