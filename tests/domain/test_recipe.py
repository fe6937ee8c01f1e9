"""The recipe: what it refuses, and the fingerprint that identifies it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from backend.domain.presets import PRESETS
from backend.domain.recipe import Recipe

FISHER: dict[str, Any] = {
    "target": {"kind": "macs", "density": 0.25},
    "prune": {"criterion": {"kind": "fisher"}, "cost": {"kind": "fixed", "beta": 0.01}},
    "retrain": {"epochs": 2},
}

GOLDEN_WITH_TEACHER = "dfa865db0744bfac848970d47663402c690b8cefb687dcb9196673cb43b63b75"
GOLDEN = "15a045e85246f46c9b2859ff36b6f6ddb27c8e8693c57861e16f7e5ac04e84d6"


WEIGHTS: dict[str, Any] = {
    "criterion": {"kind": "magnitude"},
    "granularity": {"kind": "unstructured"},
    "schedule": {"kind": "one_shot"},
}
LASSO: dict[str, Any] = {"epochs": 1, "regularizer": {"kind": "group_lasso"}}


def changed(**sections: object) -> dict[str, object]:
    return {**FISHER, **sections}


def test_the_fingerprint_of_a_known_recipe_is_pinned() -> None:
    # A change here means that old runs no longer match their recipes: bump `schema_version` when meaning changes.
    assert Recipe.model_validate(FISHER).fingerprint() == GOLDEN


def test_a_setting_that_changes_nothing_leaves_the_fingerprint_of_older_recipes_alone() -> None:
    prune = {**FISHER["prune"], "pins": [], "width_multiple": 1, "criterion": {"kind": "fisher", "labels": "data"}}
    assert Recipe.model_validate(changed(prune=prune)).fingerprint() == GOLDEN


def test_when_a_teacher_is_asked_is_part_of_a_recipes_identity_unless_it_is_while_retraining() -> None:
    assert Recipe.model_validate(changed(distill={})).fingerprint() == GOLDEN_WITH_TEACHER
    assert Recipe.model_validate(changed(distill={"during": "retraining"})).fingerprint() == GOLDEN_WITH_TEACHER
    teachers = [{"during": during} for during in ("retraining", "sparsifying", "both")]
    prints = {Recipe.model_validate(changed(sparsify=LASSO, distill=teacher)).fingerprint() for teacher in teachers}
    assert len(prints) == len(teachers)


def test_settings_that_were_added_later_are_part_of_a_recipes_identity() -> None:
    def fingerprint(**settings: object) -> str:
        return Recipe.model_validate(changed(prune={**FISHER["prune"], **settings})).fingerprint()

    prints = {
        GOLDEN,
        fingerprint(pins=["conv1"]),
        fingerprint(pins=["conv1", "fc"]),
        fingerprint(width_multiple=8),
        fingerprint(width_multiple=16),
        fingerprint(dead_channels="keep"),
        fingerprint(measure_removals=True),
        fingerprint(criterion={"kind": "fisher", "labels": "model"}),
    }
    assert len(prints) == 8
    assert fingerprint(dead_channels="remove", measure_removals=False) == GOLDEN
    assert fingerprint(pins=["fc", "conv1", "fc"]) == fingerprint(pins=["conv1", "fc"])


def test_defaults_written_out_give_the_same_fingerprint() -> None:
    recipe = Recipe.model_validate(FISHER)
    written_out = Recipe.model_validate_json(json.dumps(recipe.model_dump(mode="json")))
    assert written_out == recipe
    assert written_out.fingerprint() == recipe.fingerprint()


@given(st.integers(0, 2**31 - 1), st.integers(0, 2**31 - 1))
def test_fingerprints_differ_exactly_when_recipes_differ(first: int, second: int) -> None:
    fingerprints = [Recipe.model_validate(changed(seed=seed)).fingerprint() for seed in (first, second)]
    assert (fingerprints[0] == fingerprints[1]) == (first == second)


@pytest.mark.parametrize(
    ("section", "value", "complaint"),
    [
        ("target", {"kind": "macs", "density": 1.0}, "target.macs.density"),
        ("target", {"kind": "latency", "density": 0.5}, "target"),
        ("target", {"kind": "sparsity", "sparsity": -0.1}, "target.sparsity.sparsity"),
        ("prune", {"criterion": {"kind": "fisher", "batches": 3}}, "prune.criterion.fisher.batches"),
        ("prune", {"criterion": {"kind": "fisher"}, "minimum_width": 0}, "prune.minimum_width"),
        ("prune", {"criterion": {"kind": "obs", "damping": 1e-16}}, "prune.criterion.obs.damping"),
        (
            "sparsify",
            {"epochs": 1, "regularizer": {"kind": "bayesian_compression", "global_scale": 1e-200}},
            "sparsify.regularizer.bayesian_compression.global_scale",
        ),
        ("prune", {"criterion": {"kind": "fisher"}, "width_multiple": 7}, "prune.width_multiple"),
        ("prune", {"criterion": {"kind": "fisher"}, "pins": [""]}, "prune.pins.0"),
        ("prune", {"criterion": {"kind": "fisher"}, "pins": "conv1"}, "prune.pins"),
        ("retrain", {"epochs": -1}, "retrain.epochs"),
        ("retrain", {}, "retrain.epochs"),
        ("seed", -1, "seed"),
        ("colour", "red", "colour"),
        ("distill", {"temperature": float("nan")}, "distill.temperature"),
    ],
)
def test_a_bad_value_is_refused_at_its_own_path(section: str, value: object, complaint: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        Recipe.model_validate(changed(**{section: value}))
    assert complaint in {".".join(map(str, error["loc"])) for error in refusal.value.errors()}


@pytest.mark.parametrize("section", ["target", "prune", "retrain"])
def test_sections_that_a_user_must_choose_have_no_default(section: str) -> None:
    recipe = {name: value for name, value in FISHER.items() if name != section}
    with pytest.raises(ValidationError, match="Field required"):
        Recipe.model_validate(recipe)


@pytest.mark.parametrize(
    ("sections", "sentence"),
    [
        ({"prune": {"criterion": {"kind": "magnitude"}, "cost": {"kind": "parameter_free"}}}, "prune.cost"),
        ({"prune": {"criterion": {"kind": "magnitude"}, "cost": {"kind": "fixed"}}}, "prune.cost"),
        ({"prune": {"criterion": {"kind": "taylor"}, "cost": {"kind": "parameter_free"}}}, "prune.cost"),
        (
            {"prune": {"criterion": {"kind": "fisher"}, "allocation": {"kind": "uniform"}, "cost": {"kind": "fixed"}}},
            "says itself how much each gives; choose the allocation `global`",
        ),
        (
            {"retrain": {"epochs": 0}, "distill": {}},
            "no retraining .* retrain.epochs is 0; set retrain.epochs, or leave",
        ),
        (
            {"retrain": {"epochs": 0}, "distill": {}, "sparsify": LASSO},
            "set retrain.epochs, or distill.during to `sparsifying`, or leave distill out",
        ),
        ({"retrain": {"epochs": 0}, "distill": {"during": "both"}, "sparsify": LASSO}, "no retraining to distill in"),
        ({"distill": {"during": "both"}}, "distill.during: `both` .* no section sparsify; add it, or choose `retrain"),
        (
            {"retrain": {"epochs": 0}, "distill": {"during": "sparsifying"}},
            "distill.during: `sparsifying` .* no section sparsify",
        ),
        ({"retrain": {"epochs": 1, "parts": "in_turn"}}, "retrain.parts: `in_turn` .* retrain.epochs is 1; set"),
        ({"prune": WEIGHTS | {"criterion": {"kind": "taylor"}}}, "choose the granularity `channel`"),
        ({"prune": {"criterion": {"kind": "obs"}}}, "choose the granularity `unstructured`"),
        (
            {"prune": {"criterion": {"kind": "magnitude"}, "allocation": {"kind": "layer_threshold"}}},
            "prune.allocation: `layer_threshold`",
        ),
        (
            {"prune": {"criterion": {"kind": "fisher"}, "allocation": {"kind": "lamp"}}},
            "prune.allocation: `lamp` compares magnitudes .* choose the criterion `magnitude`",
        ),
        ({"prune": WEIGHTS | {"criterion": {"kind": "fisher"}, "allocation": {"kind": "lamp"}}}, "compares magnitudes"),
        ({"prune": WEIGHTS | {"schedule": {"kind": "greedy"}}}, "choose the schedule `one_shot` or `cubic`"),
        ({"prune": WEIGHTS | {"criterion": {"kind": "fisher"}, "cost": {"kind": "fixed"}}}, "choose the cost `none`"),
        ({"prune": WEIGHTS | {"width_multiple": 8}}, "prune.width_multiple: 8"),
        (
            {"sparsify": {"epochs": 1, "regularizer": {"kind": "variational_dropout"}}},
            "sparsify.regularizer: `variational_dropout` .* prune.granularity `channel`; choose",
        ),
        (
            {"sparsify": {"epochs": 1, "regularizer": {"kind": "targeted_dropout", "dropped": "weights"}}},
            "sparsify.regularizer: `targeted_dropout` .* prune.granularity `channel`; choose",
        ),
        (
            {"sparsify": {"epochs": 1, "regularizer": {"kind": "l0_hard_concrete", "gated": "weights"}}},
            "sparsify.regularizer: `l0_hard_concrete` .* prune.granularity `channel`; choose .* gated `channels`",
        ),
        (
            {
                "prune": WEIGHTS,
                "sparsify": {"epochs": 1, "passes": "each_point", "regularizer": {"kind": "group_lasso"}},
            },
            "sparsify.passes: `each_point` .* prune.granularity `unstructured` .* choose `once`",
        ),
        (
            {"sparsify": {"epochs": 1, "regularizer": {"kind": "group_lasso", "strength": 0}}},
            "sparsify.regularizer: `group_lasso` shrinks nothing .* set one of them",
        ),
        ({"prune": {"criterion": {"kind": "learned"}}}, "prune.criterion: `learned` .* no section sparsify; add it"),
        (
            {
                "prune": {"criterion": {"kind": "learned"}},
                "sparsify": {"epochs": 1, "regularizer": {"kind": "batch_norm_l1"}},
            },
            "prune.criterion: `learned` .* `batch_norm_l1` leaves .* choose the criterion `batch_norm_scale`",
        ),
        (
            {
                "prune": {"criterion": {"kind": "geometric_median"}, "allocation": {"kind": "uniform"}},
                "sparsify": {"epochs": 1, "regularizer": {"kind": "batch_norm_l1"}},
            },
            "prune.criterion: `geometric_median` .* `batch_norm_l1` .* choose the criterion `batch_norm_scale`",
        ),
        (
            {"dense": {"epochs": 0}, "retrain": {"epochs": 1, "start": {"kind": "rewind", "to": "initialization"}}},
            "dense.epochs: 0 leaves the fresh weights as they are, .* leave the section dense out",
        ),
    ],
)
def test_sections_that_contradict_each_other_are_refused_with_a_sentence(
    sections: dict[str, object], sentence: str
) -> None:
    with pytest.raises(ValidationError, match=sentence):
        Recipe.model_validate(changed(**sections))


@pytest.mark.parametrize("family", ["Whole channels", "Single weights"])
def test_presets_of_a_family_differ_in_nothing_but_the_choice(family: str) -> None:
    with_own_training = {"han2015-magnitude", "zhu2017-gradual"}

    def without_choice(recipe: Recipe) -> dict[str, object]:
        dumped = recipe.model_dump(mode="json")
        for axis in ("criterion", "allocation", "cost"):
            del dumped["prune"][axis]
        return dumped

    presets = [preset for preset in PRESETS.values() if preset.family == family]
    first, *others = [without_choice(preset.recipe) for preset in presets if preset.name not in with_own_training]
    assert others
    assert all(other == first for other in others)
    assert any(preset.is_baseline for preset in presets)


def test_a_recipe_cannot_be_changed_in_place() -> None:
    recipe = Recipe.model_validate(FISHER)
    with pytest.raises(ValidationError, match="frozen"):
        recipe.seed = 3  # type: ignore[misc]
