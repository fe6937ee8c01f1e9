"""What a found architecture is retrained from: early weights by the map of channels, fresh ones, or signs alone."""

from collections import defaultdict
from typing import Any

import pytest
import torch
from torch import Tensor

from backend.domain.epochs import epoch_length
from backend.domain.errors import JobFailure
from backend.domain.recipe import DataSplit, Recipe
from backend.domain.reports import Phase
from tests.engine.runs import CPU, Collected, blobs, collect_run, recipe, small_lenet, small_mlp, weights_hash
from worker.engine.batches import Batches
from worker.engine.examples import split_validation
from worker.engine.network import Network
from worker.engine.retraining.fresh import fresh_weights
from worker.engine.scaling import ChannelScaling, Scaling
from worker.engine.seeds import named_generator
from worker.engine.surgery import remove
from worker.engine.trainee import Trainee
from worker.zoo.fresh import initialize

WIDTHS = (10, 8)
STILL = {"kind": "sgd", "learning_rate": 1e-12}
"""Too small a step to change anything: the points' networks are what retraining began with."""
DENSE = {"epochs": 2, "keep_step": 3, "steps_per_record": 4, "optimizer": {"kind": "sgd", "learning_rate": 0.05}}


def found(start: dict[str, Any], **dense: Any) -> Recipe:
    """Train the dense network, remove in two rounds, and show what each round's retraining begins with."""
    is_kept = start == {"kind": "rewind"} or start.get("to") == "keep_step"
    return recipe(
        dense=DENSE | ({} if is_kept else {"keep_step": 0}) | dense,
        target={"kind": "sparsity", "sparsity": 0.5},
        prune={
            "criterion": {"kind": "magnitude"},
            "schedule": {"kind": "one_shot", "training_steps": 1},
            "points": 2,
            "optimizer": STILL,
        },
        retrain={"epochs": 1, "optimizer": STILL, "learning_rate_decay": "none", "start": start},
    )


def survivors(result: Collected, point: int) -> dict[str, list[int]]:
    """Original channels of both hidden layers that are left at a point, from the history of removals."""
    last = next(finished.point.step for finished in result.points if finished.point.index == point)
    gone: dict[str, set[int]] = defaultdict(set)
    for record in result.records:
        for label in record.removed if record.step <= last else ():
            group, _, channel = label.rpartition(":")
            gone[group].add(int(channel))
    layers = list(small_mlp(widths=WIDTHS).tensors)[::2]
    groups = [layer.removesuffix(".weight") for layer in layers]
    return {
        name: [channel for channel in range(width) if channel not in gone[name]]
        for name, width in zip(groups, WIDTHS, strict=False)
    }


def sliced(tensors: dict[str, Tensor], left: dict[str, list[int]]) -> dict[str, Tensor]:
    """The perceptron's tensors at the channels that are left, layer after layer."""
    (first, rows), (second, columns) = left.items()
    third = next(name.removesuffix(".weight") for name in reversed(tensors) if name.endswith(".weight"))
    return {
        f"{first}.weight": tensors[f"{first}.weight"][rows],
        f"{first}.bias": tensors[f"{first}.bias"][rows],
        f"{second}.weight": tensors[f"{second}.weight"][columns][:, rows],
        f"{second}.bias": tensors[f"{second}.bias"][columns],
        f"{third}.weight": tensors[f"{third}.weight"][:, columns],
        f"{third}.bias": tensors[f"{third}.bias"],
    }


def at_step(result: Collected, step: int) -> dict[str, Tensor]:
    """The dense network's weights after `step` optimizer steps of its training."""
    return next(
        checkpoint.part("weights")
        for checkpoint in result.checkpoints
        if checkpoint.state["phase"] == Phase.TRAIN and checkpoint.state["trained"] == step
    )


def initial(seed: int = 0) -> dict[str, Tensor]:
    return fresh_weights(small_mlp(), named_generator(seed, "initialization"))


@pytest.mark.parametrize("point", [1, 2])
@pytest.mark.parametrize("to", ["initialization", "keep_step"])
def test_what_is_left_gets_its_own_early_weights(to: str, point: int) -> None:
    result = collect_run(small_mlp(), blobs(), found({"kind": "rewind", "to": to}))
    early = initial() if to == "initialization" else at_step(result, DENSE["keep_step"])
    left = survivors(result, point)
    assert sum(map(len, left.values())) < sum(WIDTHS)
    expected = sliced(early, left)
    tensors = result.points[point].network.tensors
    assert set(tensors) == set(expected)
    assert all(torch.allclose(tensors[name], tensor, atol=1e-9) for name, tensor in expected.items())


def test_single_weights_that_are_left_get_their_own_early_values_and_the_others_stay_zero() -> None:
    chosen = found({"kind": "rewind", "to": "initialization"})
    prune = chosen.prune.model_dump() | {"granularity": {"kind": "unstructured"}, "allocation": {"kind": "global"}}
    chosen = Recipe.model_validate(chosen.model_dump() | {"prune": prune})
    result = collect_run(small_mlp(), blobs(), chosen)
    early, dense = initial(), result.points[0].network.tensors
    weights = [name for name, tensor in early.items() if tensor.dim() == 2]
    magnitudes = torch.cat([dense[name].abs().flatten() for name in weights])
    for finished in result.points[1:]:
        tensors = finished.network.tensors
        left = torch.cat([tensors[name].flatten() != 0 for name in weights])
        assert finished.point.zeros is not None
        assert (~left).sum() == finished.point.zeros.count
        for name, tensor in tensors.items():
            kept = tensor != 0
            assert torch.allclose(tensor[kept], early[name][kept], atol=1e-9)
        if finished.point.index == 1:  # those of the trained network decide, not the early ones
            assert torch.equal(left, magnitudes > magnitudes.sort().values[(~left).sum() - 1])


@pytest.mark.parametrize("name", ["resnet20", "lstm"])
def test_early_weights_of_any_network_become_those_of_the_thinner_one(name: str) -> None:
    network = initialize(name, (1, 16, 16), 4, seed=0)
    early = Network(network.graph, network.tensors | fresh_weights(network, named_generator(1, "initialization")))
    trainee = Trainee(network, CPU)
    goes = [(group.name, place) for group in trainee.groups for place in range(0, group.width // 2, group.multiple)]
    keep = {group.name: torch.ones(group.width, dtype=torch.bool) for group in trainee.groups}
    for group, place in goes:
        keep[group][place] = False
    trainee.turn_off(goes[::2])
    trainee.compact()
    left = [(group, int((trainee.masks.original[group] == place).nonzero())) for group, place in goes[1::2]]
    trainee.turn_off(left)
    trainee.compact()
    trainee.set_tensors(trainee.thinned(early.tensors))
    tensors, expected = trainee.network().tensors, remove(early, keep).tensors
    assert tensors.keys() == expected.keys()
    assert all(torch.equal(tensors[name], tensor) for name, tensor in expected.items())


def test_norm_statistics_are_rewound_too() -> None:
    network = small_lenet()
    result = collect_run(network, blobs(), found({"kind": "rewind", "to": "initialization"}))
    assert result.checkpoints[-1].part("early/initialization").keys() == network.tensors.keys()


def test_the_dense_network_is_trained_from_the_seed_alone() -> None:
    chosen = found({"kind": "rewind"}).model_copy(update={"distill": recipe(distill={}).distill})
    first, second = (collect_run(small_mlp(seed), blobs(), chosen) for seed in (0, 1))
    hashes = [[weights_hash(finished.network) for finished in result.points] for result in (first, second)]
    assert hashes[0] == hashes[1]
    assert [record.phase for record in first.records[:3]] == [Phase.TRAIN] * 3
    other = collect_run(small_mlp(), blobs(), chosen.model_copy(update={"seed": 1}))
    assert weights_hash(other.points[0].network) != hashes[0][0]


def test_the_dense_point_is_the_trained_network() -> None:
    result = collect_run(small_mlp(), blobs(), found({"kind": "rewind"}))
    assert all(
        torch.equal(result.points[0].network.tensors[name], tensor) for name, tensor in at_step(result, 10).items()
    )
    assert (
        result.points[0].point.step == 3
    )  # 10 steps in records of 4, the first of which ends at the step that is kept
    assert result.points[1].point.dense_accuracy == result.points[0].point.retrained_accuracy


def test_a_network_drawn_anew_follows_its_own_fan_in() -> None:
    result = collect_run(small_mlp(), blobs(), found({"kind": "reinitialize"}))
    first, second = (finished.network for finished in result.points[1:])
    for network in (first, second):
        weights = [tensor for tensor in network.tensors.values() if tensor.dim() == 2]
        for weight in weights:
            bound = weight.shape[1] ** -0.5
            assert 0.7 * bound < weight.abs().max() <= bound
    dense_rows = initial()[next(iter(initial()))]
    assert not any(torch.equal(row, dense) for row in first.tensors[next(iter(initial()))] for dense in dense_rows)


@pytest.mark.parametrize("of", ["initialization", "trained"])
def test_signs_survive_and_magnitudes_become_the_deviation_of_the_layers_fresh_weights(of: str) -> None:
    fast = {"kind": "sgd", "learning_rate": 0.5}
    result = collect_run(small_mlp(), blobs(), found({"kind": "sign_kept", "of": of}, optimizer=fast))
    left = survivors(result, 1)
    first, trained = sliced(initial(), left), sliced(dict(result.points[0].network.tensors), left)
    assert any(not torch.equal(first[name].sign(), trained[name].sign()) for name in first)
    for name, tensor in result.points[1].network.tensors.items():
        if tensor.dim() == 2:
            assert tensor.abs().max() - tensor.abs().min() <= 1e-7
            assert tensor.abs().mean() == pytest.approx(initial()[name].std(correction=0).item(), rel=1e-5)
            assert torch.equal(tensor.sign(), (first if of == "initialization" else trained)[name].sign())


def test_a_run_with_equal_compute_spends_it_at_every_point() -> None:
    chosen = recipe(retrain={"epochs": 1, "budget": "macs", "start": {"kind": "reinitialize"}})
    result = collect_run(small_lenet(), blobs(), chosen)
    dense, *points = [finished.point for finished in result.points]
    trained = {item.step: item.state["trained"] for item in result.checkpoints}
    for point in points:
        assert trained[point.step] == round(5 * dense.macs / point.macs)  # 144 examples in batches of 32
    progress = [record.progress for record in result.records]
    assert progress == sorted(progress)
    assert progress[-1] == 1.0


def test_progress_covers_the_dense_training() -> None:
    progress = [record.progress for record in collect_run(small_mlp(), blobs(), found({"kind": "rewind"})).records]
    assert progress == sorted(progress)
    assert (progress[0], progress[-1]) == (
        pytest.approx(3 / 16),
        1.0,
    )  # 10 steps dense, 2 before removals, 2 after each rewinding


@pytest.mark.parametrize(
    ("dense", "retrain", "sentence"),
    [
        (
            {"keep_step": 11},
            {"start": {"kind": "rewind"}},
            "step 11 lies beyond the 10 optimizer steps of dense.epochs",
        ),
        ({"keep_step": 5}, {"start": {"kind": "rewind"}}, "step 5 lies beyond the 5 optimizer steps of retrain.epochs"),
    ],
)
def test_a_step_that_is_never_reached_is_refused_before_any_training(
    dense: dict[str, Any], retrain: dict[str, Any], sentence: str
) -> None:
    chosen = recipe(dense=DENSE | dense, retrain={"epochs": 1} | retrain)
    with pytest.raises(JobFailure, match=sentence):
        collect_run(small_mlp(), blobs(), chosen)


@pytest.mark.parametrize(
    ("count", "batch_size", "share"), [(160, 32, 0.1), (161, 16, 0.1), (2, 1, 0.5), (97, 95, 0.02)]
)
def test_the_length_of_an_epoch_is_known_without_data(count: int, batch_size: int, share: float) -> None:
    data = DataSplit(batch_size=batch_size, validation_share=share)
    train = split_validation(blobs(count=count).train, share, seed=0).train
    scaling = Scaling.one(ChannelScaling((0.0,), (1.0,), 1.0))
    batches = Batches(train, scaling, batch_size, torch.Generator(), CPU)
    assert batches.per_epoch == epoch_length(count, data)


def test_gradients_are_scaled_down_to_the_norm_and_not_up() -> None:
    def change(norm: float | None) -> float:
        optimizer = {"kind": "sgd", "learning_rate": 1.0, "momentum": 0.0}
        dense = {"epochs": 1, "optimizer": optimizer, "steps_per_record": 1, "learning_rate_decay": "none"}
        result = collect_run(small_mlp(), blobs(), recipe(dense=dense | {"gradient_norm": norm}))
        after = at_step(result, 1)
        return float(torch.cat([(after[name] - tensor).flatten() for name, tensor in initial().items()]).norm())

    whole = change(None)
    assert change(whole / 4) == pytest.approx(whole / 4, rel=1e-4)
    assert change(whole * 4) == pytest.approx(whole, rel=1e-6)
