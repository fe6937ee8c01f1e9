"""The step size at every step of a stretch of training: decays, warm-up, and what is rewound."""

import math

import pytest

from backend.domain.recipe import Recipe
from backend.domain.reports import Phase
from tests.engine.runs import recipe
from worker.engine.retraining.stretches import Stretches

DENSE = {"epochs": 2, "keep_step": 3, "optimizer": {"kind": "sgd", "learning_rate": 0.05}}


def stretches(chosen: Recipe, epoch: int = 10, dense_macs: int = 1000) -> Stretches:
    return Stretches(chosen, epoch, dense_macs)


def rates(chosen: Recipe, phase: Phase, macs: int = 1000) -> list[float]:
    stretch = stretches(chosen).at(phase, macs)
    assert stretch is not None
    return [stretch.learning_rate(0, step) for step in range(stretch.steps)]


@pytest.mark.parametrize("decay", ["cosine", "steps"])
def test_rewound_learning_rates_are_those_of_the_dense_training_from_the_step_on(decay: str) -> None:
    retrain = {"epochs": 2, "learning_rate_decay": "rewind", "optimizer": {"kind": "sgd", "learning_rate": 9.0}}
    chosen = recipe(dense=DENSE | {"learning_rate_decay": decay}, retrain=retrain)
    dense = rates(chosen, Phase.TRAIN)
    assert len(set(dense)) > 2
    assert rates(chosen, Phase.RETRAIN) == pytest.approx(dense[DENSE["keep_step"] :])
    weights_too = recipe(dense=chosen.dense, retrain=retrain | {"start": {"kind": "rewind"}})
    assert rates(weights_too, Phase.RETRAIN) == pytest.approx(dense[DENSE["keep_step"] :])
    from_the_beginning = {"start": {"kind": "rewind", "to": "initialization"}}
    unkept = DENSE | {"learning_rate_decay": decay, "keep_step": 0}
    assert rates(recipe(dense=unkept, retrain=retrain | from_the_beginning), Phase.RETRAIN) == dense


def test_steps_divide_the_learning_rate_by_ten_after_half_and_after_three_quarters() -> None:
    dense = DENSE | {"keep_step": 0, "learning_rate_decay": "steps", "optimizer": {"kind": "sgd", "learning_rate": 0.1}}
    assert rates(recipe(dense=dense), Phase.TRAIN) == pytest.approx([0.1] * 10 + [0.01] * 5 + [0.001] * 5)


@pytest.mark.parametrize(
    ("decay", "fall"), [("none", [0.1] * 16), ("steps", [0.1] * 8 + [0.01] * 4 + [0.001] * 4), ("cosine", None)]
)
def test_a_warm_up_rises_along_a_line_to_the_peak_and_the_rest_falls_as_ever(decay: str, fall: list[float] | None):
    training = {"epochs": 2, "optimizer": {"kind": "sgd", "learning_rate": 0.1}, "learning_rate_decay": decay}
    warm = rates(recipe(retrain=training | {"learning_rate_warm_up": 0.2}), Phase.RETRAIN)
    rest = rates(recipe(retrain=training), Phase.RETRAIN)
    assert warm[:4] == pytest.approx([0.025, 0.05, 0.075, 0.1])
    if fall is None:  # sixteen steps of the same cosine
        fall = [0.05 * (1 + math.cos(math.pi * step / 16)) for step in range(16)]
    assert warm[4:] == pytest.approx(fall)
    assert rest[0] == 0.1


@pytest.mark.parametrize("epoch", range(50, 500, 21))
def test_rewound_learning_rates_fall_at_the_step_at_which_those_of_the_dense_training_fell(epoch: int) -> None:
    """However many steps there are, and whichever was kept: shares that are not exact in binary fall no later."""
    dense = {"epochs": 160, "keep_step": 500, "learning_rate_decay": "steps"}
    chosen = recipe(dense=DENSE | dense, retrain={"epochs": 160, "learning_rate_decay": "rewind"})
    whole, rest = (stretches(chosen, epoch).at(phase, 1000) for phase in (Phase.TRAIN, Phase.RETRAIN))
    for fall in (80 * epoch, 120 * epoch):
        for step in (fall - 1, fall, fall + 1):
            assert rest.learning_rate(0, step - 500) == pytest.approx(whole.learning_rate(0, step))


def test_rewound_learning_rates_have_the_warm_up_of_the_dense_training() -> None:
    """Kept within the warm-up: what is rewound begins with the rest of it."""
    retrain = {"epochs": 2, "learning_rate_decay": "rewind"}
    chosen = recipe(dense=DENSE | {"learning_rate_warm_up": 0.5}, retrain=retrain)
    dense = rates(chosen, Phase.TRAIN)
    assert dense[:3] == pytest.approx([0.005, 0.01, 0.015])
    assert rates(chosen, Phase.RETRAIN) == pytest.approx(dense[DENSE["keep_step"] :])


def test_equal_compute_means_more_epochs_for_the_smaller_network() -> None:
    chosen = recipe(retrain={"epochs": 3, "budget": "macs"})
    assert len(rates(chosen, Phase.RETRAIN, macs=250)) == 3 * 10 * 4
    assert len(rates(chosen, Phase.RETRAIN, macs=1000)) == 3 * 10
