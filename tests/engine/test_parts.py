"""Convolutions and fully connected layers that are trained in turn."""

from itertools import pairwise

import torch

from backend.domain.recipe import Recipe
from backend.domain.reports import Phase
from tests.engine.runs import blobs, collect_run, recipe, small_lenet, small_mlp, zoo_network
from worker.engine.network import Network
from worker.engine.retraining.parts import frozen_tensors

OPTIMIZER = {"kind": "sgd", "learning_rate": 0.05, "momentum": 0.9, "weight_decay": 0.01}


def in_turn(**retrain: object) -> Recipe:
    """One removal, then four epochs of five steps each."""
    return recipe(
        prune={
            "criterion": {"kind": "magnitude"},
            "schedule": {"kind": "one_shot", "training_steps": 1},
            "points": 1,
        },
        retrain={"epochs": 4, "steps_per_record": 3, "parts": "in_turn", "optimizer": OPTIMIZER} | retrain,
    )


def moved(network: Network, chosen: Recipe) -> list[set[str]]:
    """Per record of the retraining: the layers that moved in it."""
    whole = collect_run(network, blobs(), chosen)
    retraining = {record.step for record in whole.records if record.phase is Phase.RETRAIN}
    first = min(retraining) - 1
    states = [checkpoint.part("weights") for checkpoint in whole.checkpoints if checkpoint.step in {first, *retraining}]
    return [
        {name.split(".")[0] for name in after if not torch.equal(before[name], after[name])}
        for before, after in pairwise(states)
    ]


def test_each_part_stands_still_bit_for_bit_while_the_other_is_trained():
    """Momentum and weight decay would move what is only left without gradients; an epoch ends a record."""
    linear, conv = {"fc1", "fc2"}, {"conv1", "conv2"}
    assert moved(small_lenet(), in_turn()) == [linear, linear, conv, conv, linear, linear, conv, conv]


def test_together_is_what_it_was():
    assert all(layers == {"conv1", "conv2", "fc1", "fc2"} for layers in moved(small_lenet(), in_turn(parts="together")))


def test_a_network_of_one_kind_trains_together():
    assert all(layers == {"fc1", "fc2", "fc3"} for layers in moved(small_mlp(), in_turn()))


def test_norms_always_train():
    network = zoo_network("resnet20", (1, 16, 16), 4, 0)
    frozen = frozen_tensors(network, "linear")
    assert frozen == {name for name, tensor in network.tensors.items() if tensor.dim() == 4}
    classifier = next(name for name, tensor in network.tensors.items() if tensor.dim() == 2).removesuffix("weight")
    assert frozen_tensors(network, "conv") == {f"{classifier}weight", f"{classifier}bias"}
    assert frozen_tensors(network, None) == frozenset()
