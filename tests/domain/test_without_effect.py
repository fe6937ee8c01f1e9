"""Settings that do nothing with a network are told, and not refused."""

from typing import Any

import pytest

from backend.domain.network import Layer, LayerType, NetworkSummary
from backend.domain.presets import PRESETS
from backend.domain.recipe import Recipe
from backend.domain.without_effect import without_effect


def network(dropped: tuple[str, ...] | None, *types: LayerType) -> NetworkSummary:
    """Layers `a`, `b` ... of these types."""
    names = "abc"[: len(types)]
    layers = tuple(
        Layer(name=name, type=kind, in_width=4, width=4, parameters=20, macs=16, weights=16)
        for name, kind in zip(names, types, strict=True)
    )
    return NetworkSummary(
        architecture="small",
        input_shape=(4,),
        class_count=2,
        layers=layers,
        groups=(),
        parameters=20 * len(types),
        macs=16 * len(types),
        dropped_layers=dropped,
    )


def han(**granularity: Any) -> Recipe:
    """The paper's recipe, all parts together."""
    value = PRESETS["han2015-magnitude"].recipe.model_dump(mode="json")
    value["retrain"]["parts"] = "together"
    value["prune"]["granularity"] |= granularity
    return Recipe.model_validate(value)


def pinned(recipe: Recipe, *pins: str) -> Recipe:
    return recipe.model_copy(update={"prune": recipe.prune.model_copy(update={"pins": pins})})


def test_without_dropout_there_is_none_to_weaken() -> None:
    (sentence,) = without_effect(network((), "linear", "linear"), han())
    assert sentence.startswith("prune.granularity.rescale_dropout does nothing")
    assert without_effect(network((), "linear", "linear"), han(rescale_dropout=False)) == ()


@pytest.mark.parametrize("dropped", [("a",), None])
def test_dropout_that_follows_a_layer_and_what_nobody_knows_is_no_matter(dropped: tuple[str, ...] | None) -> None:
    assert without_effect(network(dropped, "linear", "linear"), han()) == ()


def test_dropout_after_what_gives_no_weights_stays_as_it_is() -> None:
    summary = network(("a",), "embedding", "linear")
    assert len(without_effect(summary, han())) == 1
    assert without_effect(summary, han(embeddings=True)) == ()
    plain = network(("a",), "linear", "linear")
    assert len(without_effect(plain, pinned(han(), "a"))) == 1
    assert without_effect(plain, pinned(han(), "b")) == ()


def test_of_whole_channels_nothing_is_said() -> None:
    assert without_effect(network((), "linear", "linear"), PRESETS["uniform"].recipe) == ()


@pytest.mark.parametrize(
    ("types", "missing"),
    [(("linear", "linear"), "convolutions"), (("conv", "conv"), "fully connected layers"), (("conv", "linear"), None)],
)
def test_parts_take_turns_where_there_are_both(types: tuple[LayerType, ...], missing: str | None) -> None:
    told = without_effect(network(("a",), *types), PRESETS["han2015-magnitude"].recipe)
    assert [f"it has no {missing}" in sentence for sentence in told] == ([] if missing is None else [True])
