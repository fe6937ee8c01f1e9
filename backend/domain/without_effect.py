"""Settings that do nothing with a network, or its layers, and that recipes may have: presets are for all networks."""

from collections.abc import Callable

from backend.domain.bounds import pinned_groups
from backend.domain.granularities import UnstructuredGranularity
from backend.domain.network import NetworkSummary
from backend.domain.pruning import Prune
from backend.domain.readability import tell_layers
from backend.domain.recipe import Recipe
from backend.domain.regularizable import gates_channels
from backend.domain.verdicts import verdict_places
from backend.domain.weights import WeightModel


def without_effect(summary: NetworkSummary, recipe: Recipe) -> tuple[str, ...]:
    """A sentence for every setting that changes nothing with this network; the recipe can be run as it is."""
    return tuple(sentence for rule in _RULES if (sentence := rule(summary, recipe)) is not None)


def _dropout_to_weaken(summary: NetworkSummary, recipe: Recipe) -> str | None:
    granularity = recipe.prune.granularity
    if not isinstance(granularity, UnstructuredGranularity) or not granularity.rescale_dropout:
        return None
    layers = WeightModel.of(summary, recipe.prune).layers
    giving = {summary.layers[layer.place].name for layer in layers if layer.floor < layer.count}
    if summary.dropped_layers is None or not giving.isdisjoint(summary.dropped_layers):
        return None
    return (
        "prune.granularity.rescale_dropout does nothing with this network: no dropout of it follows a layer that gives "
        "weights."
    )


def _parts_to_take_turns(summary: NetworkSummary, recipe: Recipe) -> str | None:
    types = {layer.type for layer in summary.layers}
    if recipe.retrain.parts == "together" or {"conv", "linear"} <= types:
        return None
    missing = "convolutions" if "conv" not in types else "fully connected layers"
    return f"retrain.parts `in_turn` does nothing with this network: it has no {missing}, so all of it trains together."


def _channels_out_of_reach(summary: NetworkSummary, recipe: Recipe) -> str | None:
    """Where no channel is within reach, the recipe is refused."""
    if recipe.sparsify is None:
        return None
    regularizer, pinned = recipe.sparsify.regularizer, pinned_groups(summary, recipe.prune.pins)
    free = [group for group in summary.groups if group.name not in pinned]
    beyond = [group for group in free if group.takes_gates is False]
    if not (gates_channels(regularizer) or verdict_places(regularizer) == {"readers"}) or len(beyond) == len(free):
        return None
    if not beyond:
        return None
    return (
        f"sparsify.regularizer `{regularizer.kind}` works in the weights that read a channel, and does not reach the "
        f"channels of {tell_layers(beyond)}, which other operations than layers with weights read too: "
        f"{_fate(recipe.prune)}. `group_lasso` with strength above 0 reaches them too."
    )


def _fate(prune: Prune) -> str:
    """What becomes of channels of which the regularizer learned nothing."""
    if prune.criterion.kind != "learned":
        return "it changes nothing about them"
    if prune.allocation.kind == "global" and prune.criterion.normalization == "none":
        return "they count as open, and stay until no other may go"
    return "prune.criterion `learned` cannot tell one of them from another"


_RULES: tuple[Callable[[NetworkSummary, Recipe], str | None], ...] = (
    _dropout_to_weaken,
    _parts_to_take_turns,
    _channels_out_of_reach,
)
