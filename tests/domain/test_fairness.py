"""What is said about a comparison that is not fair."""

from typing import Any

import pytest

from backend.domain.fairness import caveats
from backend.domain.presets import PRESETS
from backend.domain.side_by_side import ComparedRun
from tests.domain.test_side_by_side import compared, fair, with_point


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


def test_a_network_for_each_seed_is_fair_where_all_methods_have_the_same() -> None:
    methods = ("theis2018-fisher", "random-channel", "uniform")
    runs = [compared(method, seed, model=f"m{seed}") for method in methods for seed in range(3)]
    assert caveats(runs) == ()
    for unfair in (runs[:-1], [*runs[:-1], compared("uniform", 2, model="m1")]):
        assert any("prune different networks" in found for found in caveats(unfair))


def test_a_dense_network_of_a_run_s_own_is_told_but_not_what_is_kept_of_it() -> None:
    lottery = [compared("frankle2019-lottery", seed) for seed in range(3)]
    recipe = PRESETS["frankle2019-lottery"].recipe.model_dump()
    later = {
        "dense": recipe["dense"] | {"keep_step": 500},
        "retrain": recipe["retrain"] | {"start": {"kind": "rewind", "to": "keep_step"}},
    }
    late = [compared("frankle2019-lottery", seed, **later) for seed in range(3)]
    own = "a dense network of their own"
    assert any(own in found for found in caveats([*fair(), *lottery]))
    assert not any(own in found for found in caveats([*late, *lottery]))


CHANNELS = ("random-channel", "uniform", "crowley2018-scratch")
WEIGHTS = ("random-weights", "uniform-magnitude-weights", "liu2019-random-reinit")


@pytest.mark.parametrize(("preset", "baselines"), [("theis2018-fisher", CHANNELS), ("lamp2021", WEIGHTS)])
def test_a_comparison_without_a_baseline_names_those_of_its_granularity(
    preset: str, baselines: tuple[str, ...]
) -> None:
    (sentence,) = baseline_notes([compared(preset, seed) for seed in range(3)])
    assert sentence.startswith("There is no baseline among them: ")
    assert [name for name in PRESETS if f"`{name}`" in sentence] == sorted(baselines, key=list(PRESETS).index)
    assert all(PRESETS[name].is_baseline for name in baselines)


def test_a_baseline_of_channels_is_none_for_single_weights() -> None:
    zeros = [compared("lamp2021", seed) for seed in range(3)]
    (sentence,) = baseline_notes([*fair(), *zeros])
    assert sentence.startswith("There is no baseline among those that set single weights to zero: ")
    assert baseline_notes([*fair(), *zeros, *(compared("random-weights", seed) for seed in range(3))]) == []


def baseline_notes(runs: list[ComparedRun]) -> list[str]:
    return [sentence for sentence in caveats(runs) if "no baseline" in sentence]


def test_a_comparison_of_zeros_alone_says_what_they_are_not() -> None:
    runs = [compared(preset, seed) for preset in ("lamp2021", "random-weights") for seed in range(3)]
    (sentence,) = caveats(runs)
    assert sentence.startswith("These runs set single weights to zero")
    assert "no time until a sparse runtime is used" in sentence
    mixed = caveats([*runs, *fair()])
    assert any(found.startswith("Some of these runs remove channels") for found in mixed)


def reached(preset: str, macs: int, parameters: int) -> list[ComparedRun]:
    """Three seeds at a point that keeps so many of 100."""
    return [with_point(compared(preset, seed), macs=macs, parameters=parameters) for seed in range(3)]


@pytest.mark.parametrize(
    ("macs", "parameters", "is_unlike"),
    [
        (90, 90, True),
        (90, 30, False),  # the same parameters: they can be compared at those
        (25, 90, False),
        (36, 28, False),  # a target that is overshot, and dead channels on top
        (40, 34, True),
    ],
)
def test_last_points_of_unlike_size_are_said_to_be(macs: int, parameters: int, is_unlike: bool) -> None:
    runs = [
        *reached("theis2018-fisher", macs, parameters),
        *reached("uniform", 25, 20),
        *(compared("random-channel", seed) for seed in range(3)),  # has only the dense network so far
    ]
    sentences = [found for found in caveats(runs) if "unlike size" in found]
    assert len(sentences) == is_unlike
    if is_unlike:
        assert f"keep 20.0% to {parameters}.0% of the parameters and 25.0% to {macs}.0% of the MACs" in sentences[0]


def sparsified(seed: int = 0, **changes: Any) -> ComparedRun:
    section = PRESETS["louizos2018-l0"].recipe.model_dump()["sparsify"]
    return compared("louizos2018-l0", seed, sparsify=section | {"epochs": 15} | changes)


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"epochs": 16}, "sparsify.epochs"),
        ({"optimizer": {"kind": "sgd", "learning_rate": 0.5}}, "sparsify.optimizer"),
        ({"epochs": 1, "learning_rate_decay": "steps"}, "sparsify.epochs, sparsify.learning_rate_decay"),
        ({"steps_per_record": 7}, None),
    ],
)
def test_runs_of_one_method_that_are_sparsified_differently_are_named(changes: dict[str, Any], fields: str) -> None:
    found = caveats([*fair(), *(sparsified(seed) for seed in range(3)), sparsified(**changes)])
    sentences = [sentence for sentence in found if "train differently before" in sentence]
    assert [sentence.split(": ")[0] for sentence in sentences] == (
        [f"Runs of `louizos2018-l0` train differently before they are retrained ({fields})"] if fields else []
    )


def test_runs_of_one_method_that_train_differently_between_removals_are_named() -> None:
    prune = PRESETS["uniform"].recipe.model_dump()["prune"]
    faster = compared("uniform", 3, prune=prune | {"optimizer": {"kind": "sgd", "learning_rate": 0.5}})
    told = "Runs of `uniform` train differently before they are retrained (prune.optimizer)"
    assert [sentence for sentence in caveats([*fair(), faster]) if sentence.startswith(told)]
    assert not [sentence for sentence in caveats(fair()) if "train differently" in sentence]


@pytest.mark.parametrize(
    ("epochs", "told"),
    [
        (12, None),
        (20, None),
        (21, "to 26 (`louizos2018-l0`)."),
        (995, "to 1,000 (`louizos2018-l0`)."),
        (1, "from 6 epochs (`louizos2018-l0`) to 20 ("),
    ],
)
def test_methods_that_train_for_unlike_lengths_are_told_with_numbers(epochs: int, told: str | None) -> None:
    """The others retrain for 4 times 5 epochs; these for 5, once they are sparse."""
    found = caveats([*fair(), *(sparsified(seed, epochs=epochs) for seed in range(3))])
    sentences = [sentence for sentence in found if "unlike lengths" in sentence]
    assert len(sentences) == (told is not None)
    assert told is None or told in sentences[0]
