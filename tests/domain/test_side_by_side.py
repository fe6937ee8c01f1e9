"""Runs side by side: what counts as one method, and what is said about fairness."""

import pytest

from backend.domain.presets import PRESETS
from backend.domain.recipe import Recipe
from backend.domain.reports import RunLayout, TrackedLayer
from backend.domain.side_by_side import ComparedRun, caveats, label_of, series_of

LAYOUT = RunLayout(
    layers=(TrackedLayer(name="fc", dense_width=4, is_prunable=True),), dense_macs=100, dense_parameters=100
)


def compared(
    preset: str, seed: int = 0, *, model: str = "m", is_finished: bool = True, **changes: object
) -> ComparedRun:
    value = PRESETS[preset].recipe.model_dump() | {"seed": seed} | changes
    return ComparedRun(
        id=f"{preset}-{seed}",
        name=f"{preset} {seed}",
        model_id=model,
        dataset_id="d",
        recipe=Recipe.model_validate(value),
        layout=LAYOUT,
        points=(),
        is_finished=is_finished,
    )


def fair() -> list[ComparedRun]:
    return [compared(preset, seed) for preset in ("theis2018-fisher", "random-channel", "uniform") for seed in range(3)]


def test_runs_that_differ_in_the_seed_alone_are_one_series() -> None:
    series = series_of(fair())
    assert [(one.label, len(one.runs), one.is_baseline) for one in series] == [
        ("theis2018-fisher", 3, False),
        ("random-channel", 3, True),
        ("uniform", 3, True),
    ]


@pytest.mark.parametrize("name", list(PRESETS))
def test_every_preset_is_told_from_all_others_by_its_recipe(name: str) -> None:
    same = [other for other in PRESETS if label_of(PRESETS[other].recipe) == label_of(PRESETS[name].recipe)]
    assert same == [name]


def test_a_recipe_that_is_no_preset_is_named_by_what_is_unusual() -> None:
    run = compared("uniform", prune={"criterion": {"kind": "random"}, "allocation": {"kind": "uniform"}})
    assert label_of(run.recipe) == "random, uniform"


def test_recipes_of_one_method_that_differ_elsewhere_are_told_apart_by_their_runs() -> None:
    series = series_of([compared("uniform"), compared("uniform", 1, retrain={"epochs": 1})])
    assert [one.label for one in series] == ["uniform (uniform 0)", "uniform (uniform 1)"]


def test_a_fair_comparison_has_no_caveat() -> None:
    assert caveats(fair()) == ()


@pytest.mark.parametrize(
    ("extra", "sentence"),
    [
        (compared("uniform", 3, model="other"), "prune different networks"),
        (compared("uniform", 3, retrain={"epochs": 1}), "retrained differently"),
        (compared("uniform", 3, data={"batch_size": 7}), "batch or scale"),
        (compared("uniform", 3, is_finished=False), "have not ended"),
        (compared("magnitude-channel", 3), "one seed only"),
    ],
)
def test_what_keeps_a_comparison_from_being_fair_is_said(extra: ComparedRun, sentence: str) -> None:
    assert any(sentence in found for found in caveats([*fair(), extra]))


def test_a_comparison_without_a_baseline_says_so() -> None:
    found = caveats([compared("theis2018-fisher", seed) for seed in range(3)])
    assert len(found) == 1
    assert "random-channel" in found[0]
