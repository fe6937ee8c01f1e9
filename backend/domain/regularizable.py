"""Whether a network has what a recipe's regularizer works on."""

from collections.abc import Callable
from dataclasses import dataclass

from backend.domain.bounds import unknown_pins
from backend.domain.network import NetworkSummary
from backend.domain.regularizers import (
    BatchNormL1Regularizer,
    GroupLassoRegularizer,
    L0HardConcreteRegularizer,
    Regularizer,
)
from backend.domain.retraining import Sparsify

_WITH_WINDOWS = frozenset({"conv", "product"})
"""Layers whose weights have more axes than those of a matrix."""


@dataclass(frozen=True)
class Lack:
    """What a network lacks that the regularizer needs."""

    detail: str
    """A sentence that names it."""
    hint: str
    """What to choose instead."""
    field: str
    """The recipe's field that asks for it."""


def lack(summary: NetworkSummary, sparsify: Sparsify | None) -> Lack | None:
    """The first thing that the network lacks; None when nothing is missing, or there is no regularizer."""
    if sparsify is None:
        return None
    return next((found for rule in _RULES if (found := rule(summary, sparsify.regularizer))), None)


def _has_no_batch_norm(summary: NetworkSummary, regularizer: Regularizer) -> Lack | None:
    is_known = all(group.batch_norms is not None for group in summary.groups)
    has_some = any(group.batch_norms for group in summary.groups)
    if not isinstance(regularizer, BatchNormL1Regularizer) or not is_known or has_some:
        return None
    return Lack(
        "The regularizer `batch_norm_l1` shrinks the scales of batch norms, and no batch norm of the network scales "
        "channels that can go.",
        "Choose sparsify.regularizer `l0_hard_concrete` or `l1_masks`, which give every channel a gate of its own, "
        "with the criterion `learned`.",
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
    _has_no_batch_norm,
    _has_no_shortcut,
    _has_no_window,
    _has_no_such_layer,
)
