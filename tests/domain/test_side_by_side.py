"""Runs side by side: what counts as one method, and how far each has come."""

from dataclasses import replace

import pytest

from backend.domain.comparison import Spread
from backend.domain.presets import PRESETS
from backend.domain.recipe import Recipe
from backend.domain.reports import OperatingPoint, RunLayout, TrackedLayer
from backend.domain.side_by_side import ComparedRun, label_of, series_of

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


def test_a_preset_that_trains_for_longer_is_the_same_method() -> None:
    recipe = PRESETS["louizos2018-l0"].recipe.model_dump()
    recipe["sparsify"]["epochs"] += 5
    assert label_of(Recipe.model_validate(recipe)) == "louizos2018-l0"


def test_a_recipe_that_is_no_preset_is_named_by_what_is_unusual() -> None:
    run = compared("uniform", prune={"criterion": {"kind": "random"}, "allocation": {"kind": "uniform"}})
    assert label_of(run.recipe) == "random, uniform"


CHANGED = {"schedule": {"kind": "greedy", "training_steps": 7, "channels": 1}}


@pytest.mark.parametrize(
    ("preset", "prune", "label", "is_baseline"),
    [
        ("li2017-filter-l1", {}, "li2017-filter-l1", False),
        ("he2019-geometric-median", {}, "he2019-geometric-median", False),
        ("he2019-geometric-median", CHANGED, "geometric_median, uniform", False),
        ("gomez2019-targeted", CHANGED, "targeted_dropout, learned, uniform", False),
        ("uniform", CHANGED, "magnitude, uniform", True),
        ("random-channel", CHANGED, "random", True),
        ("crowley2018-scratch", CHANGED, "fisher, from fresh weights", True),
        ("crowley2018-scratch-flops", CHANGED, "fisher, from fresh weights, for equal MACs", True),
        (
            "frankle2019-lottery",
            {"criterion": {"kind": "random"}},
            "random, unstructured, uniform, one_shot, rewound, own dense training",
            False,
        ),
        ("liu2019-random-reinit", {}, "liu2019-random-reinit", True),
        ("random-weights", {}, "random-weights", True),
    ],
)
def test_only_what_looks_at_nothing_is_a_baseline_and_names_tell_where_retraining_starts(
    preset: str, prune: dict[str, object], label: str, is_baseline: bool
) -> None:
    (series,) = series_of([compared(preset, prune=PRESETS[preset].recipe.model_dump()["prune"] | prune)])
    assert (series.label, series.is_baseline) == (label, is_baseline)


def test_recipes_of_one_method_are_told_apart_by_what_differs_even_where_runs_are_named_alike() -> None:
    """The name that a run gets by default is the model and the method."""
    runs = [
        replace(compared("uniform", seed, retrain={"epochs": epochs}), name="l300, uniform")
        for seed, epochs in ((0, 5), (1, 25), (2, 25))
    ]
    series = series_of([*runs, compared("theis2018-fisher")])
    assert [(one.label, len(one.runs), one.is_baseline) for one in series] == [
        ("uniform (retrain.epochs 5)", 1, True),
        ("uniform (retrain.epochs 25)", 2, True),
        ("theis2018-fisher", 1, False),
    ]


def on(run: ComparedRun, parameters: int = 100, data: str = "d", dataset: str | None = None) -> ComparedRun:
    """The run of a network of so many parameters, on a dataset of that id and name."""
    layout = run.layout.model_copy(update={"dense_parameters": parameters})
    return replace(run, layout=layout, dataset_id=data, dataset=dataset)


def test_runs_on_networks_of_unlike_shape_or_on_other_data_are_no_series() -> None:
    """But networks of one shape are, whatever their weights: each seed may have its own."""
    runs = [compared("uniform", seed, model=f"m{seed}") for seed in range(3)]
    (series,) = series_of(runs)
    assert (series.label, len(series.runs)) == ("uniform", 3)
    larger = [on(run, parameters=61_706) for run in runs]
    retrain = PRESETS["uniform"].recipe.retrain.model_dump() | {"epochs": 25}
    longer = [on(compared("uniform", seed, retrain=retrain), parameters=61_706) for seed in range(2)]
    assert [(one.label, len(one.runs)) for one in series_of([*runs, *larger, *longer])] == [
        ("uniform (retrain.epochs 5) on 100 parameters", 3),
        ("uniform (retrain.epochs 5) on 61,706 parameters", 3),
        ("uniform (retrain.epochs 25) on 61,706 parameters", 2),
    ]
    named = [
        on(runs[0], dataset="digits"),
        on(runs[1], 7, "e", "blobs"),
        on(compared("random-channel"), 7, "e", "blobs"),
    ]
    assert [one.label for one in series_of(named)] == [
        "uniform on 100 parameters, digits",
        "uniform on 7 parameters, blobs",
        "random-channel on 7 parameters, blobs",
    ]


@pytest.mark.parametrize("names", [("digits", "digits"), ("digits", None)])
def test_datasets_that_names_do_not_tell_apart_are_numbered(names: tuple[str | None, str | None]) -> None:
    runs = [on(compared("uniform", place), data=f"d{place}", dataset=name) for place, name in enumerate(names)]
    assert [one.label for one in series_of(runs)] == ["uniform on dataset 1", "uniform on dataset 2"]


ZEROS = {"count": 10, "prunable": 90, "left": [80], "compressed_bytes": 9, "file_macs": 50, "file_parameters": 60}


def with_point(run: ComparedRun, **changes: object) -> ComparedRun:
    """The run at a point that keeps 40 of 100 MACs."""
    values = {"index": 1, "step": 1, "sparsity": 0.5, "macs": 40, "parameters": 40, "widths": (4,)}
    accuracies = dict.fromkeys(("dense_accuracy", "pruned_accuracy", "retrained_accuracy", "test_accuracy"), 0.9)
    losses = dict.fromkeys(("retrained_loss", "test_loss"), 0.1)
    dense = OperatingPoint.model_validate(values | accuracies | losses | {"index": 0, "macs": 100, "parameters": 100})
    point = OperatingPoint.model_validate(values | accuracies | losses | changes)
    return replace(run, points=(dense, point))


def test_zeros_are_not_taken_for_savings() -> None:
    (series,) = series_of([with_point(compared("lamp2021"), zeros=ZEROS)])
    assert series.macs_density == Spread.of([0.4])
    assert series.file_macs_density == Spread.of([0.5])
    (thin,) = series_of([with_point(compared("uniform"))])
    assert thin.file_macs_density is None


def test_epochs_are_those_of_sparsifying_of_removals_and_of_every_point() -> None:
    """20 and 5; 4 times 5, and 300 steps of 100 an epoch."""
    assert compared("yang2019-l1-masks").epochs == 25
    assert replace(compared("uniform"), epoch_steps=100, removal_steps=300).epochs == 23
    slimming = PRESETS["liu2017-slimming"].recipe.model_dump()
    several = compared(
        "liu2017-slimming",
        prune=slimming["prune"] | {"points": 3},
        sparsify=slimming["sparsify"] | {"epochs": 10, "passes": "each_point"},
        retrain=slimming["retrain"] | {"epochs": 2},
    )
    assert several.epochs == 3 * (10 + 2)


def test_epochs_that_are_rewound_count_as_done_and_a_budget_in_macs_lasts_longer() -> None:
    run = compared("renda2020-weight-rewinding")
    steps = run.recipe.dense.keep_step if run.recipe.dense else 0
    assert steps
    assert replace(run, epoch_steps=steps).epochs == run.recipe.prune.points * (run.recipe.retrain.epochs - 1)
    scratch = with_point(compared("crowley2018-scratch-flops"), macs=25)
    assert (scratch.recipe.retrain.budget, scratch.epochs) == ("macs", 4 * scratch.recipe.retrain.epochs)
