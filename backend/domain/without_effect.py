"""Settings that do nothing with a network, and that a recipe may have all the same: presets are for all networks."""

from collections.abc import Callable

from backend.domain.granularities import UnstructuredGranularity
from backend.domain.network import NetworkSummary
from backend.domain.recipe import Recipe
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


_RULES: tuple[Callable[[NetworkSummary, Recipe], str | None], ...] = (_dropout_to_weaken, _parts_to_take_turns)
