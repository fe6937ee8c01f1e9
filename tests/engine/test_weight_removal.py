"""Runs that set single weights to zero: exact counts, exact zeros, honest sizes."""

import json
from functools import cache
from itertools import pairwise
from math import ceil

import numpy as np
import pytest
import torch
from safetensors.torch import load as load_tensors

from backend.domain.compression import compressed_bytes
from backend.domain.errors import FailureCode, JobFailure
from backend.domain.recipe import Recipe
from backend.domain.reports import Phase
from backend.domain.retraining import AdamOptimizer, SgdOptimizer
from tests.engine.runs import CPU, Collected, blobs, collect_run, recipe, small_lenet, zoo_network
from worker.delivery import Origin, bundle, manifest
from worker.engine.catalogue import OPTIMIZERS
from worker.engine.inputs import Inputs
from worker.engine.network import Network, build
from worker.engine.retraining.losses import cross_entropy
from worker.engine.run import run
from worker.engine.trainee import Trainee

WEIGHTS = ("conv1.weight", "conv2.weight", "fc1.weight", "fc2.weight")
ONE_SHOT = {"kind": "one_shot", "training_steps": 2}
SPARSE = {"kind": "sparsity", "sparsity": 0.9}


def chosen(**changes: object) -> Recipe:
    prune = {
        "criterion": {"kind": "magnitude"},
        "granularity": {"kind": "unstructured"},
        "schedule": ONE_SHOT,
        "points": 3,
        "dead_channels": "keep",  # counts are those of single weights alone
    }
    target, prune_changes = changes.pop("target", SPARSE), changes.pop("prune", {})
    retrain = changes.pop("retrain", {"epochs": 1, "steps_per_record": 3})
    return recipe(target=target, prune=prune | prune_changes, retrain=retrain, **changes)


@cache
def lenet() -> Network:
    return small_lenet()


@cache
def finished() -> Collected:
    return collect_run(lenet(), blobs(), chosen())


def zeros(network: Network) -> dict[str, torch.Tensor]:
    return {name: network.tensors[name] == 0 for name in WEIGHTS}


def test_every_level_removes_exactly_as_many_weights_as_asked():
    total = sum(lenet().tensors[name].numel() for name in WEIGHTS)
    for item in finished().points:
        sparsity = 1 - 0.1 ** (item.point.index / 3)
        assert item.point.zeros.prunable == total
        assert item.point.zeros.count == ceil(sparsity * total - 1e-6)
        assert sum(int(mask.sum()) for mask in zeros(item.network).values()) == item.point.zeros.count


def test_shapes_biases_and_what_went_before_stay():
    dense, *points = finished().points
    before = zeros(dense.network)
    for item in points:
        assert {name: tensor.shape for name, tensor in item.network.tensors.items()} == {
            name: tensor.shape for name, tensor in lenet().tensors.items()
        }
        assert item.point.widths == dense.point.widths
        now = zeros(item.network)
        assert all(bool((now[name] >= before[name]).all()) for name in WEIGHTS)
        assert all(not (item.network.tensors[name] == 0).any() for name in item.network.tensors if "bias" in name)
        before = now


def test_counts_are_those_of_weights_that_are_not_zero():
    uses = {"conv1.weight": 144, "conv2.weight": 4, "fc1.weight": 1, "fc2.weight": 1}  # 12x12 and 2x2 places
    dense, *_, last = finished().points
    gone = {name: int(mask.sum()) for name, mask in zeros(last.network).items()}
    assert last.point.parameters == dense.point.parameters - sum(gone.values())
    assert last.point.macs == dense.point.macs - sum(uses[name] * count for name, count in gone.items())
    assert last.point.zeros.left == tuple(int((~mask).sum()) for mask in zeros(last.network).values())


@pytest.mark.parametrize(
    ("target", "measure"),
    [
        ({"kind": "macs", "density": 0.3}, lambda point: point.macs),
        ({"kind": "parameters", "density": 0.3}, lambda point: point.parameters),
    ],
)
def test_targets_in_operations_and_parameters_are_met_to_the_last_weight(target, measure):
    dense, *points = collect_run(lenet(), blobs(), chosen(target=target, retrain={"epochs": 0})).points
    for item in points:
        allowed = 0.3 ** (item.point.index / 3) * measure(dense.point) + 1e-6
        # one weight more stands for at most 144 operations, or for one parameter
        assert allowed - (144 if target["kind"] == "macs" else 1) < measure(item.point) <= allowed


def test_thresholds_of_a_run_are_one_multiple_of_what_each_layers_weights_spread_in_every_round():
    """Han et al. 2015: `|w| < s * std`, with the std of the weights that a layer still has."""
    scales = {"conv1.weight": 0.01, "fc1.weight": 30.0}
    loud = Network(lenet().graph, {name: scales.get(name, 1.0) * tensor for name, tensor in lenet().tensors.items()})
    still = {"kind": "sgd", "learning_rate": 1e-12, "momentum": 0.0}
    prune = {"allocation": {"kind": "layer_threshold"}, "optimizer": still}
    rounds = [item.network for item in collect_run(loud, blobs(), chosen(prune=prune, retrain={"epochs": 0})).points]
    for before, after in pairwise(rounds):
        gone, stay = [], []
        for name in WEIGHTS:
            there = before.tensors[name] != 0
            multiples = before.tensors[name].abs() / before.tensors[name][there].std(correction=0)
            stays = after.tensors[name] != 0
            gone.append(multiples[there & ~stays])
            stay.append(multiples[stays])
        assert torch.cat(gone).max() <= torch.cat(stay).min() * (1 + 1e-5)
        assert all(len(part) for part in (*gone, *stay))  # whatever the scale of a layer


def test_a_gradual_run_follows_the_cubic_of_its_paper():
    schedule = {"kind": "cubic", "training_steps": 1, "removals": 4}
    result = collect_run(lenet(), blobs(), chosen(prune={"schedule": schedule, "points": 1}))
    found = [record.sparsity for record in result.records if record.phase is Phase.PRUNE]
    expected = [0.9 - 0.9 * (1 - done / 4) ** 3 for done in (1, 2, 3, 4)]
    assert found == [pytest.approx(value, abs=1 / 1494) for value in expected]


@pytest.mark.parametrize(
    "optimizer",
    [SgdOptimizer(momentum=0.9, weight_decay=0.1), AdamOptimizer(weight_decay=0.1)],
    ids=lambda one: one.kind,
)
def test_zeros_stay_exactly_zero_though_momentum_pulls_at_them(optimizer):
    inputs, labels = Inputs.of(torch.randn(8, 1, 16, 16)), torch.arange(8) % 4
    trainee = Trainee(lenet(), CPU)
    trainee.start_training(OPTIMIZERS.make(optimizer))

    def step() -> None:
        trainee.learn(cross_entropy(trainee.scores(inputs), labels, inputs), len(labels))

    step()  # so that there is momentum when the weights go
    generator = torch.Generator().manual_seed(0)
    kept = {name: torch.rand(lenet().tensors[name].shape, generator=generator) < 0.5 for name in WEIGHTS}
    trainee.mask_weights(kept)
    before = {name: trainee.tensors[name].clone() for name in WEIGHTS}
    for _ in range(3):
        step()
    for name in WEIGHTS:
        assert bool((trainee.tensors[name][~kept[name]] == 0).all())
        assert bool((trainee.tensors[name][kept[name]] != before[name][kept[name]]).all())
    trainee.set_tensors(lenet().tensors)  # rewound weights stay masked too
    assert all(bool((trainee.tensors[name][~kept[name]] == 0).all()) for name in WEIGHTS)


def test_the_length_of_gradients_is_that_of_weights_that_can_move():
    """A step of plain SGD on gradients that are too long goes exactly as far as they may be long."""
    inputs, labels = Inputs.of(torch.randn(8, 1, 16, 16)), torch.arange(8) % 4
    trainee = Trainee(lenet(), CPU)
    trainee.start_training(OPTIMIZERS.make(SgdOptimizer(learning_rate=1.0, momentum=0.0, weight_decay=0.0)))
    generator = torch.Generator().manual_seed(0)
    trainee.mask_weights({name: torch.rand(lenet().tensors[name].shape, generator=generator) < 0.5 for name in WEIGHTS})
    before = {name: tensor.clone() for name, tensor in trainee.tensors.items()}
    trainee.gradient_norm = 0.01
    trainee.learn(cross_entropy(trainee.scores(inputs), labels, inputs), len(labels))
    moved = torch.cat([(trainee.tensors[name] - tensor).flatten() for name, tensor in before.items()])
    assert moved.norm().item() == pytest.approx(0.01, rel=1e-3)


def test_pinned_layers_keep_all_their_weights_and_others_give_more():
    result = collect_run(lenet(), blobs(), chosen(prune={"pins": ["fc2"], "points": 1}))
    last = result.points[-1]
    gone = zeros(last.network)
    assert not gone["fc2.weight"].any()
    assert last.point.zeros.count == ceil(0.9 * last.point.zeros.prunable)


def test_a_target_beyond_biases_and_pins_is_refused_with_the_nearest_point():
    with pytest.raises(JobFailure) as failure:
        next(run(lenet(), blobs(), chosen(prune={"pins": ["conv2"]}), CPU, should_stop=lambda: False))
    assert failure.value.code is FailureCode.TARGET_UNREACHABLE
    assert "1 layer kept whole" in failure.value.detail
    nearest = float(failure.value.hint.split("target.sparsity = ")[1].split(";")[0])
    reached = chosen(target={"kind": "sparsity", "sparsity": nearest}, prune={"pins": ["conv2"], "points": 1})
    assert (
        collect_run(lenet(), blobs(), reached).points[-1].point.zeros.left[1] == lenet().tensors["conv2.weight"].numel()
    )


def test_recurrent_layers_and_embeddings_asked_for_give_weights_and_every_layer_keeps_one():
    network = zoo_network("lstm", (1, 16, 16), 4, 0)
    wanted = chosen(
        target={"kind": "sparsity", "sparsity": 0.999}, prune={"points": 1, "criterion": {"kind": "fisher"}}
    )
    last = collect_run(network, blobs(count=40), wanted).points[-1]
    assert min(last.point.zeros.left) >= 1
    assert all((tensor == 0).any() for name, tensor in last.network.tensors.items() if "weight" in name)


def test_steps_tell_how_many_weights_each_layer_keeps():
    layout = next(run(lenet(), blobs(), chosen(), CPU, should_stop=lambda: False)).layout
    assert layout.granularity == "unstructured"
    assert [layer.dense_weights for layer in layout.layers] == [lenet().tensors[name].numel() for name in WEIGHTS]
    for record in finished().records:
        assert record.removed == ()
        assert sum(record.zeros.left) == record.zeros.prunable - record.zeros.count
        dense = [layer.dense_weights for layer in layout.layers]
        shares = [1 - left / count for left, count in zip(record.zeros.left, dense, strict=True)]
        assert record.sparsities(layout) == pytest.approx(shares)


def test_a_delivered_network_computes_what_the_worker_computes_and_says_what_it_is():
    last = finished().points[-1]
    files = bundle(last.network, chosen(), manifest(Origin("", "", 0, "cpu"), last.point, last.scaling, chosen()))
    told = json.loads(files["manifest.json"])
    assert told["notice"].endswith(last.point.zeros.notice)
    assert "Not faster until a runtime for sparse weights is used" in told["notice"]
    assert f"{last.point.zeros.count:,} of {last.point.zeros.prunable:,} weights are zero" in told["notice"]
    stored = load_tensors(files["model.safetensors"])
    assert sum(int((stored[name] == 0).sum()) for name in WEIGHTS) == last.point.zeros.count
    made = Network(last.network.graph, stored)
    inputs = torch.randn(3, 1, 16, 16)
    assert torch.equal(build(made)(inputs), build(last.network)(inputs))
    assert "notice" not in json.loads(
        bundle(lenet(), None, manifest(Origin("", "", 0, "cpu"), channels_point(), last.scaling))["manifest.json"]
    )


def channels_point():
    return finished().points[0].point.model_copy(update={"zeros": None})


def test_the_compressed_size_can_be_had():
    """Writes the last point in the forms that are counted, with nothing but values, indices, bitmaps and pointers."""
    last = finished().points[-1]
    size = sum(min(len(form) for form in forms(tensor)) for tensor in last.network.tensors.values())
    # biases have no zeros; what is counted for weights is by their masks
    assert last.point.zeros.compressed_bytes == size


def forms(tensor: torch.Tensor) -> list[bytes]:
    plain = tensor.numpy().tobytes()
    lines = tensor.reshape(tensor.shape[0], -1)
    rows, columns = lines.nonzero(as_tuple=True)
    values = lines[rows, columns].numpy().tobytes()
    bitmap = np.packbits((lines != 0).numpy()).tobytes()
    index = columns.numpy().astype("u1" if lines.shape[1] <= 256 else "u2").tobytes()
    pointers = torch.bincount(rows, minlength=len(lines)).cumsum(0).numpy().astype("u4").tobytes() + b"\0" * 4
    return [plain, bitmap + values, index + pointers + values]


def test_the_cheapest_form_is_counted():
    assert compressed_bytes((10, 100), 1000, 4) == 4000  # plain
    assert compressed_bytes((10, 100), 500, 4) == 125 + 2000  # bitmap
    assert compressed_bytes((10, 100), 10, 4) == 10 * (4 + 1) + 11 * 4  # rows, columns in one byte
    assert compressed_bytes((10, 1000), 10, 4) == 10 * (4 + 2) + 11 * 4  # columns in two bytes
    assert compressed_bytes((), 1, 4) == 4
