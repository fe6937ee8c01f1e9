"""Which settings of a recipe contradict each other: one rule a function."""

from collections.abc import Callable
from dataclasses import dataclass

from backend.domain.pruning import Prune
from backend.domain.retraining import Distillation, Retrain, Sparsify


@dataclass(frozen=True)
class Sections:
    """The sections of a recipe that rules may look at."""

    prune: Prune
    sparsify: Sparsify | None
    retrain: Retrain
    distill: Distillation | None


def contradiction(sections: Sections) -> str | None:
    """The first contradiction, as a sentence that names both fields and says what to choose; None if there is none."""
    return next((sentence for rule in _RULES if (sentence := rule(sections))), None)


def _cost_needs_fisher(sections: Sections) -> str | None:
    cost, criterion = sections.prune.cost.kind, sections.prune.criterion.kind
    if cost == "none" or criterion == "fisher":
        return None
    return (
        f"prune.cost: `{cost}` weighs saved compute against a rise of the loss, which the criterion `{criterion}` does "
        "not estimate; choose `fisher` or the cost `none`"
    )


def _cost_needs_global(sections: Sections) -> str | None:
    if sections.prune.cost.kind == "none" or sections.prune.allocation.kind == "global":
        return None
    return (
        f"prune.cost: a cost decides between layers, but `{sections.prune.allocation.kind}` thins every layer alike; "
        "choose the allocation `global` or the cost `none`"
    )


def _learned_needs_scores(sections: Sections) -> str | None:
    sparsify = sections.sparsify
    if sections.prune.criterion.kind != "learned" or (sparsify is not None and sparsify.regularizer.leaves_scores):
        return None
    if sparsify is None:
        return (
            "prune.criterion: `learned` reads what a regularizer learned of each channel, and there is no section "
            "sparsify; add it or choose a criterion such as `magnitude`"
        )
    return (
        f"prune.criterion: `learned` reads what a regularizer learned of each channel, but sparsify.regularizer "
        f"`{sparsify.regularizer.kind}` leaves its verdict in the weights; choose the criterion `magnitude`, or a "
        "regularizer that learns gates"
    )


def _teacher_needs_retraining(sections: Sections) -> str | None:
    if sections.distill is None or sections.retrain.epochs:
        return None
    return "distill: there is no retraining to distill in; set retrain.epochs or leave distill out"


_RULES: tuple[Callable[[Sections], str | None], ...] = (
    _cost_needs_fisher,
    _cost_needs_global,
    _learned_needs_scores,
    _teacher_needs_retraining,
)
