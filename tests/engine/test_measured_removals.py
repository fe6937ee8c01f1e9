"""Accuracy around every removal: against plain torch on the run's checkpoints, and without any trace in the run."""

import math
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from torch import Tensor

from backend.domain.instability import measured_removals
from backend.domain.recipe import Recipe
from backend.domain.reports import Phase
from tests.engine.runs import (
    CPU,
    Collected,
    blobs,
    collect_run,
    recipe,
    small_lenet,
    small_mlp,
    weights_hash,
    zoo_network,
)
from tests.engine.test_resume import RECIPES
from tests.engine.test_weight_examples import loss, weights_of
from worker.data import from_neutral, load_builtin, to_neutral
from worker.engine.checkpoint import Checkpoint
from worker.engine.checks import check_data
from worker.engine.evaluation import Evaluation, evaluate
from worker.engine.examples import Examples, split_validation
from worker.engine.inputs import Inputs
from worker.engine.network import Network
from worker.engine.scaling import ChannelScaling, Scaling
from worker.engine.seeds import named_generator
from worker.engine.trainee import Trainee
from worker.engine.weights.signal import WeightReading, WeightSignal
from worker.engine.workplace import DataOrder, set_up

SCALING = Scaling.one(ChannelScaling((0.0,), (1.0,), 255.0))
UNCHANGED = ("model Fisher", "momentum of scores", "random", "Fisher on a cubic schedule", "single weights")
"""Recipes of the tests of resuming, by what is read or drawn between removals."""


def with_prune(chosen: Recipe, **changes: object) -> Recipe:
    """The same recipe with other settings in its section `prune`."""
    return chosen.model_copy(update={"prune": chosen.prune.model_copy(update=changes)})


def accuracy_by_hand(checkpoint: Checkpoint, masks: Checkpoint | None, examples: Examples) -> float:
    """A perceptron's accuracy by a checkpoint's weights, where hidden units are off by another one's masks."""
    weights = checkpoint.part("weights")
    on = {} if masks is None else masks.part("masks")
    (pixels,) = examples.inputs
    values = pixels.flatten(1).float() / 255
    for name in ("fc1", "fc2"):
        values = (values @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]).relu()
        values = values * on.get(f"{name}/on", torch.ones(values.size(1)))
    answers = (values @ weights["fc3.weight"].T + weights["fc3.bias"]).argmax(1)
    return int((answers == examples.labels).sum()) / len(examples)


def test_each_removal_tells_the_accuracy_straight_before_and_straight_after() -> None:
    """Between two checkpoints lies training, then a removal: its weights with the old masks, and with the new ones."""
    prune = {
        "criterion": {"kind": "random"},
        "schedule": {"kind": "greedy", "training_steps": 3, "channels": 8},
        "points": 1,
        "removal_macs": 1.0,
        "measure_removals": True,
    }
    chosen = recipe(
        target={"kind": "sparsity", "sparsity": 0.6},
        prune=prune,
        dense={"epochs": 4, "optimizer": {"kind": "adamw", "learning_rate": 0.01}},
        data={"batch_size": 64, "scaling": "unit"},
    )
    dataset = from_neutral(to_neutral(load_builtin("digits", (), Path())).tensors)
    result = collect_run(zoo_network("mlp", (1, 8, 8), 10, 0, (24, 16)), dataset, chosen)
    validation = split_validation(dataset.train, 0.1, 0).validation
    history = list(zip(result.records, result.checkpoints, strict=True))
    removals = [place for place, (record, _) in enumerate(history) if record.phase is Phase.PRUNE]
    assert len(removals) == 3
    for place in removals:
        (record, checkpoint), earlier = history[place], history[place - 1][1]
        assert record.before_accuracy == accuracy_by_hand(checkpoint, earlier, validation)
        assert record.pruned_accuracy == accuracy_by_hand(checkpoint, checkpoint, validation)
    found = measured_removals(result.records)
    assert max(removal.instability for removal in found) > 0.1
    assert all(record.before_accuracy is None for record in result.records if record.phase is not Phase.PRUNE)
    point, total = result.points[-1].point, sum(removal.instability for removal in found)
    assert found[-1].pruned_accuracy == point.pruned_accuracy
    regained = found[0].before_accuracy - point.before_accuracy
    regained += sum(later.before_accuracy - sooner.pruned_accuracy for sooner, later in pairwise(found))
    assert total - regained == pytest.approx(point.instability)


def untold(result: Collected) -> tuple[object, ...]:
    """All of a run but what measuring adds, and how far it is: history, weights, and the whole state after a step."""
    silent = {"before_accuracy": None, "pruned_accuracy": None, "progress": 0.0}
    states = [{**checkpoint.state, "recipe": ""} for checkpoint in result.checkpoints]
    tensors = [Checkpoint(item.step, item.tensors, {}).to_bytes() for item in result.checkpoints]
    points = [(item.point, item.scores, weights_hash(item.network)) for item in result.points]
    return [record.model_copy(update=silent) for record in result.records], states, tensors, points


@pytest.mark.parametrize("name", UNCHANGED)
def test_measuring_leaves_the_run_as_it_is_to_the_last_bit(name: str) -> None:
    masked = with_prune(RECIPES[name], removal_macs=1.0)
    silent, told = (
        collect_run(small_lenet(), blobs(), with_prune(masked, measure_removals=measures)) for measures in (False, True)
    )
    removed = [record for record in told.records if record.phase is Phase.PRUNE]
    assert all(record.before_accuracy is not None and record.pruned_accuracy is not None for record in removed)
    assert untold(told) == untold(silent)
    assert not measured_removals(silent.records)


def test_progress_counts_what_measuring_takes() -> None:
    """A forward pass over a batch is a third of a step; the last batch of an epoch is smaller than the others."""
    chosen = with_prune(RECIPES["one shot"], measure_removals=True)
    work = set_up(check_data(small_mlp(), blobs()), DataOrder.of(chosen), CPU, "float32", lambda: False)
    validation = split_validation(blobs().train, 0.1, 0).validation
    assert work.validation_steps == pytest.approx(len(validation) / chosen.data.batch_size / 3, rel=0.15)
    silent, told = (
        collect_run(small_mlp(), blobs(), with_prune(RECIPES["one shot"], measure_removals=measures)).records
        for measures in (False, True)
    )
    assert silent[0].phase is told[0].phase is Phase.PRUNE
    assert told[0].progress > silent[0].progress
    assert told[-1].progress == silent[-1].progress == 1.0


def test_answers_that_are_not_finite_leave_a_gap_and_the_run_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    measured = evaluate

    def endless(*arguments: object) -> Evaluation:
        found = measured(*arguments)
        return found if calls.pop() else Evaluation(found.accuracy, math.nan, 0.0, ())

    calls = [True] * 50
    chosen = with_prune(RECIPES["one shot"], measure_removals=True)
    monkeypatch.setattr("worker.engine.workplace.evaluate", endless)
    calls[-3] = False  # point 0 on validation and test split, then the first removal
    first, *_ = collect_run(small_mlp(), blobs(), chosen).records
    assert first.before_accuracy is None
    assert first.pruned_accuracy is not None


def squares(network: Network, *, is_measured: bool) -> dict[str, Tensor]:
    trainee = Trainee(network, CPU)
    signal = WeightSignal(named_generator(0, "criterion"))
    signal.start(WeightReading.SQUARES, weights_of(trainee.module), trainee.module)
    images, labels = blobs().test.inputs, blobs().test.labels
    batch = SCALING.on(CPU)(images)
    for _ in range(2):
        if is_measured:
            evaluate(trainee.module, Examples(images, labels), SCALING, CPU)
        signal.watched(loss)(trainee.module(*batch), labels, Inputs(batch)).backward()
    return signal.stop()


def test_a_pass_that_only_measures_is_not_read_by_criteria() -> None:
    expected = squares(small_lenet(), is_measured=False)
    found = squares(small_lenet(), is_measured=True)
    assert expected.keys() == found.keys()
    assert all(torch.equal(found[name], expected[name]) for name in expected)
