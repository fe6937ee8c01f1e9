"""Where a regularizer leaves what it decided of channels, and whether the recipe's criterion looks there."""

from collections.abc import Mapping
from typing import Literal

from backend.domain.regularizers import (
    GroupLassoRegularizer,
    Regularizer,
    SparseGroupLassoRegularizer,
    criterion_that_reads,
    makes_single_weights_zero,
)
from backend.domain.sections import Sections

Place = Literal["makers", "readers", "scales"]
"""Weights that make a channel, weights that read it, scales of batch norms."""
_LOOKS_AT: Mapping[str, Place] = {"magnitude": "makers", "geometric_median": "makers", "batch_norm_scale": "scales"}
"""Criteria that look at one place; all others measure what a channel does, read what was learned, or draw lots."""
_TOLD: Mapping[Place, str] = {
    "makers": "the weights that make a channel",
    "readers": "the weights that read a channel",
    "scales": "the scales of batch norms",
}
_IN_ONE_PLACE: Mapping[str, Place] = {
    "batch_norm_l1": "scales",
    "l0_hard_concrete": "readers",
    "l1_masks": "readers",
    "bayesian_compression": "readers",
    "targeted_dropout": "makers",
}


def overlooked(sections: Sections) -> str | None:
    """A criterion that looks elsewhere than where the regularizer left its verdict, as a sentence; None if it looks."""
    sparsify, prune = sections.sparsify, sections.prune
    looks_at = _LOOKS_AT.get(prune.criterion.kind)
    if sparsify is None or looks_at is None:
        return None
    regularizer = sparsify.regularizer
    places = verdict_places(regularizer)
    if prune.granularity.kind != "channel":
        places -= {"readers", "makers"}  # zeros among single weights are seen wherever they are
    if not places or looks_at in places:
        return None
    return (
        f"prune.criterion: `{prune.criterion.kind}` looks at {_TOLD[looks_at]}, but sparsify.regularizer "
        f"`{regularizer.kind}` leaves its verdict in {' and '.join(_TOLD[place] for place in sorted(places))}; choose "
        f"the criterion `{criterion_that_reads(regularizer)}`, or one that measures what a channel does, such as "
        "`fisher`"
    )


def verdict_places(regularizer: Regularizer) -> set[Place]:
    """Where channels that may go are small or zero; empty where no channel is judged by itself."""
    match regularizer:
        case SparseGroupLassoRegularizer(lines="both"):
            return {"makers", "readers"}
        case SparseGroupLassoRegularizer(lines=lines):
            return {"makers" if lines == "incoming" else "readers"}
        case GroupLassoRegularizer(layer_strength=0.0):
            shrinks_readers = regularizer.channel_strength or regularizer.shape_strength
            made: set[Place] = {"makers"} if regularizer.strength else set()
            return made | ({"readers"} if shrinks_readers else set())
        case GroupLassoRegularizer():
            return set()
        case _:
            return set() if makes_single_weights_zero(regularizer) else {_IN_ONE_PLACE[regularizer.kind]}
