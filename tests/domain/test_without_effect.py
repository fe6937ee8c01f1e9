"""Settings that do nothing with a network are told, and not refused."""

from typing import Any

import pytest

from backend.domain.network import ChannelGroupInfo, Layer, LayerType, NetworkSummary
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


OF_READERS: tuple[dict[str, Any], ...] = (
    *({"kind": kind} for kind in ("l0_hard_concrete", "l1_masks", "bayesian_compression", "targeted_dropout")),
    {"kind": "sparse_group_lasso", "lines": "outgoing"},
)
OF_MAKERS: tuple[dict[str, Any], ...] = (
    {"kind": "group_lasso"},
    {"kind": "l0_hard_concrete", "gated": "weights"},
    {"kind": "batch_norm_l1"},
)


def with_gates(*takes_gates: bool | None) -> NetworkSummary:
    """A network of which it is known, or not, which groups can have gates."""
    plain = network(None, *(["linear"] * len(takes_gates)))
    names = [layer.name for layer in plain.layers]
    groups = (
        ChannelGroupInfo(name=name, width=4, layers=(name,), consumers=(), takes_gates=flag)
        for name, flag in zip(names, takes_gates, strict=True)
    )
    return plain.model_copy(update={"groups": tuple(groups)})


def sparsified(regularizer: dict[str, Any], *pins: str, **prune: Any) -> Recipe:
    value = PRESETS["louizos2018-l0"].recipe.model_dump(mode="json")
    value["sparsify"]["regularizer"] = regularizer
    value["prune"] |= {"criterion": {"kind": "fisher"}, "pins": pins} | prune
    return Recipe.model_validate(value)


@pytest.mark.parametrize("regularizer", OF_READERS)
def test_channels_that_a_regularizer_does_not_reach_are_named(regularizer: dict[str, Any]) -> None:
    (sentence,) = without_effect(with_gates(False, True, False), sparsified(regularizer))
    assert f"`{regularizer['kind']}` works in the weights that read a channel" in sentence
    assert "the channels of `a`, `c`, which other operations" in sentence
    assert "`group_lasso`" in sentence


@pytest.mark.parametrize("regularizer", OF_MAKERS)
def test_what_works_elsewhere_reaches_them(regularizer: dict[str, Any]) -> None:
    granularity = {"kind": "unstructured"} if "gated" in regularizer else {"kind": "channel"}
    criterion = {"kind": "magnitude"} if "gated" in regularizer else {"kind": "fisher"}
    chosen = sparsified(regularizer, granularity=granularity, criterion=criterion)
    assert without_effect(with_gates(False, True), chosen) == ()


@pytest.mark.parametrize("takes_gates", [(True, True), (True, None), (False, False)])
def test_nothing_is_said_where_all_are_reached_or_none_which_is_refused(takes_gates: tuple[bool | None, ...]) -> None:
    assert without_effect(with_gates(*takes_gates), sparsified({"kind": "l1_masks"})) == ()


def test_pinned_layers_stay_whole_anyway() -> None:
    assert without_effect(with_gates(False, True), sparsified({"kind": "l1_masks"}, "a")) == ()
    assert len(without_effect(with_gates(False, True), sparsified({"kind": "l1_masks"}, "b"))) == 0
    assert len(without_effect(with_gates(False, True, True), sparsified({"kind": "l1_masks"}, "b"))) == 1


@pytest.mark.parametrize(
    ("prune", "fate"),
    [
        ({"criterion": {"kind": "learned"}}, "they count as open, and stay until no other may go"),
        (
            {"criterion": {"kind": "learned"}, "allocation": {"kind": "uniform"}},
            "`learned` cannot tell one of them from another",
        ),
        ({"criterion": {"kind": "learned", "normalization": "layer"}}, "cannot tell one of them from another"),
        ({"criterion": {"kind": "fisher"}}, "it changes nothing about them"),
    ],
)
def test_what_becomes_of_them_follows_from_the_criterion(prune: dict[str, Any], fate: str) -> None:
    (sentence,) = without_effect(with_gates(False, True), sparsified({"kind": "l0_hard_concrete"}, **prune))
    assert fate in sentence
