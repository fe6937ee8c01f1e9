"""What is said of channels and layers that a finished network does without."""

from collections import Counter
from collections.abc import Sequence

_MOST_NAMED = 4
"""Layers, and groups of dead channels, that a sentence names."""


def tell_dead(layers: Sequence[str], channels: Sequence[str]) -> str:
    """Sentences on layers whose residual branch was constant, and on channels given as `group:original index`.

    Channels of a group that bears the name of such a layer went with the layer, and are not told apart.
    """
    gone = frozenset(layers)
    others = [group for label in channels if (group := label.rpartition(":")[0]).partition("#")[0] not in gone]
    sentences = [_tell_layers(layers)] if layers else []
    sentences += [_tell_channels(others)] if others else []
    return " ".join([*sentences, "The answers are the same without."])


def _tell_layers(layers: Sequence[str]) -> str:
    """A residual branch that is zero is one that always says the same."""
    one = len(layers) == 1
    named = [f"`{layer}`" for layer in layers[:_MOST_NAMED]]
    return (
        f"{len(layers):,} layer{'' if one else 's'} removed whose residual branch said the same whatever the input: "
        f"{_listed(named, len(layers) - _MOST_NAMED)}."
    )


def _tell_channels(groups: Sequence[str]) -> str:
    """The group of every dead channel, in any order."""
    counts = Counter(groups)
    named = [f"{count:,} in `{group}`" for group, count in counts.most_common(_MOST_NAMED)]
    rest = len(groups) - sum(count for _, count in counts.most_common(_MOST_NAMED))
    return f"{len(groups):,} dead channel{'s' if len(groups) > 1 else ''} removed: {_listed(named, rest)}."


def _listed(named: Sequence[str], rest: int) -> str:
    return ", ".join([*named, f"{rest:,} elsewhere"] if rest > 0 else named)
