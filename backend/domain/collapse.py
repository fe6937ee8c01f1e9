"""Networks that do no better than guessing when a run is done with them."""

from collections.abc import Sequence
from dataclasses import dataclass

_BETTER = 0.1
"""By how much the dense network must be better than guessing for its fall to be told."""
_MARGIN = 1.1
"""Up to so many times the accuracy of guessing is no better."""
_ALL, _NONE = 0.99, 0.01
"""Accuracy on a class that is (almost) always answered, and on one that (almost) never is."""
_HALF = 0.5
"""A network that has lost so much of its accuracy to sparsifying was lost there."""


@dataclass(frozen=True)
class Accuracies:
    """Accuracies of an operating point; all but those by class are on the validation split."""

    dense: float
    before: float | None
    """Straight before the removals; None where it was not recorded."""
    pruned: float
    retrained: float
    by_class: Sequence[float | None]
    """On the test split; None for a class without examples there."""


def tell_collapse(index: int, found: Accuracies) -> str | None:
    """A sentence on an operating point whose network only guesses, and what to change; None for any other."""
    classes = len(found.by_class)
    chance = 1 / classes if classes else 1.0
    is_constant = _is_constant(found.by_class)
    if found.dense < chance + _BETTER or not (is_constant or found.retrained <= _MARGIN * chance):
        return None
    lost = max(_MARGIN * chance, found.retrained)
    what = "always gives the same answer" if is_constant else "does no better than guessing"
    fell = f"Operating point {index} {what}: validation accuracy is {found.retrained:.1%}"
    if index == 1 and found.before is not None and found.before <= max(lost, _HALF * found.dense):
        return (
            f"{fell}, and was {found.before:.1%} when it had been made sparse, before any removal. Make "
            "sparsify.regularizer weaker, or lower sparsify.optimizer.learning_rate."
        )
    if found.before is not None and found.before <= lost:
        return f"{fell}, and was {found.before:.1%} at the point before."
    if found.pruned > lost:
        return (
            f"{fell}, and was {found.pruned:.1%} before retraining, which threw the network off. Lower "
            "retrain.optimizer.learning_rate, or set retrain.gradient_norm (1, say)."
        )
    return (
        f"{fell}, and was {found.pruned:.1%} already after the removals. Lower prune.optimizer.learning_rate, with "
        "which the network is trained between removals, or remove less; set retrain.gradient_norm where training "
        "diverges."
    )


def _is_constant(by_class: Sequence[float | None]) -> bool:
    known = [one for one in by_class if one is not None]
    return len(known) > 1 and max(known) > _ALL and sum(one > _NONE for one in known) == 1
