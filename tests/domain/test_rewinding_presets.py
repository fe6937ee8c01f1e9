"""Rewinding and drawing anew: which combinations contradict themselves, and what the presets have in common."""

from typing import Any

import pytest
from pydantic import ValidationError

from backend.domain.presets import PRESETS
from backend.domain.recipe import Recipe

RECIPE: dict[str, Any] = {
    "target": {"kind": "macs", "density": 0.25},
    "prune": {"criterion": {"kind": "magnitude"}},
    "retrain": {"epochs": 2},
}
DENSE = {"epochs": 2}


@pytest.mark.parametrize(
    ("dense", "retrain", "sentence"),
    [
        (None, {"start": {"kind": "rewind"}}, "retrain.start: `rewind` .* add the section dense"),
        (None, {"start": {"kind": "sign_kept"}}, "retrain.start: `sign_kept` .* add the section dense"),
        (None, {"learning_rate_decay": "rewind"}, "retrain.learning_rate_decay: `rewind` .* section dense"),
        (
            DENSE,
            {"learning_rate_decay": "rewind", "optimizer": {"kind": "adamw"}},
            "retrain.optimizer: .* dense.optimizer `sgd`",
        ),
        (None, {"epochs": 0, "start": {"kind": "reinitialize"}}, "retrain.start: `reinitialize` .* retrain.epochs"),
    ],
)
def test_what_cannot_be_rewound_is_refused_with_both_fields(
    dense: dict[str, Any] | None, retrain: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ValidationError, match=sentence):
        Recipe.model_validate({**RECIPE, "dense": dense, "retrain": RECIPE["retrain"] | retrain})


@pytest.mark.parametrize(
    "retrain",
    [{"start": {"kind": "sign_kept", "of": "trained"}}, {"start": {"kind": "reinitialize"}}, {"budget": "macs"}],
)
def test_what_needs_no_early_weights_works_on_any_upload(retrain: dict[str, Any]) -> None:
    recipe = Recipe.model_validate({**RECIPE, "retrain": RECIPE["retrain"] | retrain})
    assert recipe.fingerprint() != Recipe.model_validate(RECIPE).fingerprint()


def test_new_settings_at_their_neutral_values_leave_the_fingerprint_alone() -> None:
    neutral = {"gradient_norm": None, "start": {"kind": "continue"}, "budget": "epochs", "learning_rate_warm_up": 0.0}
    written_out = Recipe.model_validate({**RECIPE, "dense": None, "retrain": RECIPE["retrain"] | neutral})
    assert written_out.fingerprint() == Recipe.model_validate(RECIPE).fingerprint()
    stored = {"epochs": 1, "optimizer": {"kind": "sgd"}, "learning_rate_decay": "cosine", "steps_per_record": 20}
    section = stored | {"gradient_norm": None, "keep_step": 0, "learning_rate_warm_up": 0.0}  # it came last
    own = Recipe.model_validate({**RECIPE, "dense": section})
    assert own.fingerprint() == "bea38e28e7ac895ab3cc1ff503ac6781b3ade5766d6272c19701a2bd6db62c93"


@pytest.mark.parametrize(
    ("names", "section", "setting"),
    [
        (("frankle2019-lottery", "liu2019-random-reinit", "zhou2019-sign-kept"), "retrain", "start"),
        (("crowley2018-scratch", "crowley2018-scratch-flops"), "retrain", "budget"),
    ],
)
def test_presets_that_are_compared_differ_in_one_thing(names: tuple[str, ...], section: str, setting: str) -> None:
    rests = []
    for name in names:
        value = PRESETS[name].recipe.model_dump(mode="json")
        del value[section][setting]
        rests.append(value)
    assert all(rest == rests[0] for rest in rests)
    assert len({PRESETS[name].recipe.fingerprint() for name in names}) == len(names)


def test_a_student_differs_from_the_same_network_alone_in_its_teacher_and_what_a_hot_teacher_needs() -> None:
    alone, taught = (PRESETS[name].recipe for name in ("crowley2018-scratch", "hinton2015-distillation"))
    assert (alone.distill, alone.retrain.gradient_norm) == (None, None)
    assert taught.distill is not None
    assert (taught.distill.temperature, taught.retrain.gradient_norm) == (20.0, 1.0)
    retrain = taught.retrain.model_copy(update={"gradient_norm": None})
    assert taught.model_copy(update={"distill": None, "retrain": retrain}) == alone
