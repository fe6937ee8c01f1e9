from functools import cache

import pytest
import torch

from backend.domain.errors import JobFailure
from backend.domain.recipe import Recipe
from backend.domain.retraining import DenseTraining, Distillation
from tests.engine.runs import CPU, Collected, blobs, collect_run, recipe, small_lenet, weights_hash, zoo_network
from worker.engine import layer_times
from worker.engine.checkpoint import Checkpoint
from worker.engine.network import Network
from worker.engine.run import run

FISHER = {"criterion": {"kind": "fisher"}, "cost": {"kind": "fixed", "beta": 0.5}}
SCHEDULE = {"schedule": {"kind": "greedy", "training_steps": 2}, "points": 2, "removal_macs": 0.1}


def sparsified(
    regularizer: dict[str, object],
    optimizer: dict[str, object] | None = None,
    prune: dict[str, object] | None = None,
) -> Recipe:
    """Two epochs with a regularizer, then removal by what it learned, all at once."""
    part = {"epochs": 2, "steps_per_record": 3, "regularizer": regularizer, "optimizer": optimizer or {"kind": "sgd"}}
    at_once = {"schedule": {"kind": "one_shot", "training_steps": 1}, "points": 1}
    return recipe(sparsify=part, prune=(prune or {"criterion": {"kind": "learned"}}) | at_once)


RECIPES = {
    "fisher": recipe(prune=FISHER | SCHEDULE),
    "model Fisher": recipe(prune={"criterion": {"kind": "fisher", "labels": "model"}} | SCHEDULE),
    "momentum of scores": recipe(prune={"criterion": {"kind": "taylor_squared"}} | SCHEDULE),
    "random": recipe(prune={"criterion": {"kind": "random"}} | SCHEDULE),
    "adamw, distillation": recipe(
        prune={"criterion": {"kind": "magnitude"}, "optimizer": {"kind": "adamw"}} | SCHEDULE,
        retrain={"epochs": 1, "steps_per_record": 2, "optimizer": {"kind": "adamw"}},
        distill={},
    ),
    "one shot": recipe(
        prune={"criterion": {"kind": "fisher"}, "schedule": {"kind": "one_shot", "training_steps": 2}, "points": 3}
    ),
    "Fisher on a cubic schedule": recipe(
        prune={
            "criterion": {"kind": "fisher"},
            "schedule": {"kind": "cubic", "training_steps": 1, "removals": 3},
            "points": 2,
            "measure_removals": True,
        }
    ),
    "group lasso, then rewinding": recipe(
        dense={"epochs": 1, "steps_per_record": 3},
        retrain={"epochs": 1, "steps_per_record": 3, "start": {"kind": "rewind", "to": "initialization"}},
        sparsify={
            "epochs": 2,
            "steps_per_record": 3,
            "regularizer": {"kind": "group_lasso", "strength": 0.5},
            "optimizer": {"kind": "sgd", "learning_rate": 0.01},
        },
        prune={"criterion": {"kind": "magnitude"}} | SCHEDULE,
    ),
    "late rewinding": recipe(
        dense={"epochs": 1, "keep_step": 2, "steps_per_record": 2},
        prune={"criterion": {"kind": "magnitude"}} | SCHEDULE,
        retrain={
            "epochs": 1,
            "steps_per_record": 2,
            "learning_rate_decay": "rewind",
            "start": {"kind": "rewind"},
            "gradient_norm": 0.5,
        },
        distill={},
    ),
    "signs, equal compute": recipe(
        prune={"criterion": {"kind": "magnitude"}} | SCHEDULE,
        retrain={"epochs": 1, "budget": "macs", "start": {"kind": "sign_kept", "of": "trained"}},
    ),
    "hard-concrete gates": sparsified(
        {"kind": "l0_hard_concrete", "strength": 5.0, "gate_speed": 20.0}, {"kind": "adamw", "learning_rate": 0.005}
    ),
    "gates of weights": sparsified(
        {"kind": "l0_hard_concrete", "gated": "weights", "strength": 5.0, "gate_speed": 20.0, "estimator": "arm"},
        prune={"criterion": {"kind": "magnitude"}, "granularity": {"kind": "unstructured"}},
    ),
    "binary gates": sparsified({"kind": "l0_hard_concrete", "strength": 5.0, "estimator": "reinforce"}),
    "controlled gates": sparsified({"kind": "l0_hard_concrete", "strength": 5.0, "estimator": "relax"}),
    "a teacher beside controlled gates": sparsified(
        {"kind": "l0_hard_concrete", "strength": 5.0, "estimator": "rebar"},
    ).model_copy(update={"distill": Distillation(during="both"), "dense": DenseTraining(epochs=1, steps_per_record=3)}),
    "noisy scales": sparsified({"kind": "bayesian_compression", "warm_up": 0.5, "noise_speed": 20.0}),
    "horseshoe": sparsified(
        {"kind": "bayesian_compression", "prior": "horseshoe", "noise": "activations", "noise_speed": 20.0}
    ),
    "targeted dropout": sparsified({"kind": "targeted_dropout"}),
    "targeted dropout of weights": sparsified(
        {"kind": "targeted_dropout", "dropped": "weights"},
        prune={"criterion": {"kind": "magnitude"}, "granularity": {"kind": "unstructured"}},
    ),
    "variational dropout": sparsified(
        {"kind": "variational_dropout", "initial_log_variance": -4.0, "noise_speed": 20.0},
        prune={"criterion": {"kind": "magnitude"}, "granularity": {"kind": "unstructured"}},
    ),
    "noise of activations": sparsified(
        {
            "kind": "variational_dropout",
            "initial_log_variance": -4.0,
            "noise_speed": 20.0,
            "noise": "activations",
        },
        prune={"criterion": {"kind": "magnitude"}, "granularity": {"kind": "unstructured"}},
    ),
    "masks": sparsified({"kind": "l1_masks", "strength": 0.1, "threshold": 0.03, "mask_speed": 5.0}),
    "single weights": recipe(
        target={"kind": "sparsity", "sparsity": 0.8},
        prune={
            "criterion": {"kind": "obd"},
            "granularity": {"kind": "unstructured"},
            "allocation": {"kind": "erk"},
            "schedule": {"kind": "cubic", "training_steps": 1, "removals": 3},
            "optimizer": {"kind": "adamw"},
            "points": 2,
        },
    ),
    "damage of channels": recipe(prune={"criterion": {"kind": "obd", "curvature": "hutchinson"}} | SCHEDULE),
    "surgeon": recipe(
        target={"kind": "macs", "density": 0.5},
        prune={
            "criterion": {"kind": "obs"},
            "granularity": {"kind": "unstructured"},
            "schedule": {"kind": "one_shot", "training_steps": 1},
            "points": 2,
        },
        retrain={"epochs": 1, "steps_per_record": 4},
    ),
    "parts in turn": recipe(
        prune={"criterion": {"kind": "magnitude"}} | SCHEDULE,
        retrain={"epochs": 2, "steps_per_record": 2, "parts": "in_turn", "optimizer": {"kind": "adamw"}},
    ),
    "no retraining": recipe(prune=FISHER | SCHEDULE, retrain={"epochs": 0}),
    "latency": recipe(
        prune=FISHER | {"cost": {"kind": "parameter_free", "counted": "latency"}} | SCHEDULE,
        latency={"layers": ["conv1=0.1", "conv2=0.3", "fc1=2.5", "fc2=0.1"]},
    ),
}
MEASURED = {
    "measured latency": recipe(prune=FISHER | {"cost": {"kind": "fixed", "counted": "latency"}} | SCHEDULE),
    "gates by measured latency": sparsified({"kind": "l0_hard_concrete", "strength": 5.0, "counted": "latency"}),
}
"""Recipes whose runs go by what they measured themselves: no two are alike, but a resumed one is."""


def essence(result: Collected) -> tuple[object, ...]:
    return (
        tuple(result.records),
        tuple((finished.point, finished.scores, weights_hash(finished.network)) for finished in result.points),
    )


@cache
def whole_run(name: str) -> Collected:
    """A run from beginning to end; nobody changes what it holds."""
    return collect_run(small_lenet(), blobs(), (RECIPES | MEASURED)[name])


def resumed(network: Network, chosen: object, whole: Collected, checkpoint: Checkpoint) -> Collected:
    """The history before the checkpoint, and what a resumed run adds."""
    again = collect_run(network, blobs(), chosen, Checkpoint.from_bytes(checkpoint.to_bytes()))
    before = [record for record in whole.records if record.step <= checkpoint.step]
    repeated = {finished.point.index for finished in again.points}
    points = [finished for finished in whole.points if finished.point.index not in repeated]
    return Collected(before + again.records, [], points + again.points)


@pytest.mark.parametrize("name", RECIPES)
def test_the_same_recipe_and_seed_give_the_same_bits(name):
    first, second = whole_run(name), collect_run(small_lenet(), blobs(), RECIPES[name])
    assert essence(first) == essence(second)
    assert [checkpoint.to_bytes() for checkpoint in first.checkpoints] == [
        checkpoint.to_bytes() for checkpoint in second.checkpoints
    ]


@pytest.mark.parametrize("name", [*RECIPES, *MEASURED])
def test_a_run_resumed_from_any_checkpoint_ends_with_the_same_bits(name):
    chosen, whole = (RECIPES | MEASURED)[name], whole_run(name)
    for checkpoint in whole.checkpoints[:: max(1, len(whole.checkpoints) // 6)] + whole.checkpoints[-1:]:
        assert essence(resumed(small_lenet(), chosen, whole, checkpoint)) == essence(whole), checkpoint.step


@pytest.mark.parametrize("name", MEASURED)
def test_a_resumed_run_goes_by_the_times_of_its_checkpoint(name, monkeypatch):
    checkpoint = whole_run(name).checkpoints[0]
    monkeypatch.delattr(layer_times, "time_layers")
    outputs = run(small_lenet(), blobs(), MEASURED[name], CPU, should_stop=lambda: False, resume=checkpoint)
    assert next(outputs).layout.latency.model_dump(mode="json") == checkpoint.state["latency"]


def test_a_network_with_batch_norm_and_shortcuts_resumes_to_the_same_bits():
    chosen = recipe(
        target={"kind": "macs", "density": 0.9},
        prune=FISHER | SCHEDULE | {"schedule": {"kind": "greedy", "training_steps": 1, "channels": 4}},
    )
    network = zoo_network("resnet20", (1, 16, 16), 4, 0)
    whole = collect_run(network, blobs(count=60), chosen)
    checkpoint = whole.checkpoints[len(whole.checkpoints) // 2]
    again = collect_run(network, blobs(count=60), chosen, Checkpoint.from_bytes(checkpoint.to_bytes()))
    assert weights_hash(again.points[-1].network) == weights_hash(whole.points[-1].network)


@pytest.mark.parametrize("stream", ["order", "criterion"])
def test_the_bits_differ_when_a_random_stream_is_not_restored(stream):
    chosen, whole = RECIPES["random"], whole_run("random")
    checkpoint = whole.checkpoints[2]
    tensors = dict(checkpoint.tensors)
    foreign = torch.Generator().manual_seed(99).get_state()
    tensors[f"generators/{stream}"] = foreign
    if stream == "order":
        tensors["batches/epoch"] = foreign.clone()
    again = resumed(small_lenet(), chosen, whole, Checkpoint(checkpoint.step, tensors, checkpoint.state))
    assert essence(again) != essence(whole)


def test_the_bits_differ_when_the_optimizer_forgets_its_momentum():
    whole = whole_run("fisher")
    checkpoint = next(item for item in whole.checkpoints if item.state["trained"])
    tensors = {
        name: torch.zeros_like(tensor) if name.startswith("optimizer/") else tensor
        for name, tensor in checkpoint.tensors.items()
    }
    again = resumed(small_lenet(), RECIPES["fisher"], whole, Checkpoint(checkpoint.step, tensors, checkpoint.state))
    assert essence(again) != essence(whole)


def test_the_bits_differ_when_the_scores_of_the_last_removal_are_forgotten():
    chosen, whole = RECIPES["momentum of scores"], whole_run("momentum of scores")
    checkpoint = whole.checkpoints[2]
    tensors = {name: tensor for name, tensor in checkpoint.tensors.items() if not name.startswith("earlier/")}
    again = resumed(small_lenet(), chosen, whole, Checkpoint(checkpoint.step, tensors, checkpoint.state))
    assert essence(again) != essence(whole)


def test_another_seed_gives_other_bits():
    chosen, first = RECIPES["fisher"], whole_run("fisher")
    second = collect_run(small_lenet(), blobs(), chosen.model_copy(update={"seed": 1}))
    assert essence(first) != essence(second)


def test_a_checkpoint_of_another_recipe_is_refused():
    checkpoint = whole_run("fisher").checkpoints[0]
    with pytest.raises(JobFailure, match="another recipe"):
        collect_run(small_lenet(), blobs(), RECIPES["random"], checkpoint)


def test_a_damaged_checkpoint_is_refused_with_a_sentence():
    data = whole_run("fisher").checkpoints[0].to_bytes()
    for damaged in (b"", b"\0" * 64, data[:100], data[: len(data) // 2]):
        with pytest.raises(JobFailure, match="cannot be read"):
            Checkpoint.from_bytes(damaged)


def test_a_checkpoint_shares_no_memory_with_the_run():
    result = whole_run("fisher")
    first, last = result.checkpoints[0].tensors, result.checkpoints[-1].tensors
    assert not {tensor.data_ptr() for tensor in first.values()} & {tensor.data_ptr() for tensor in last.values()}
