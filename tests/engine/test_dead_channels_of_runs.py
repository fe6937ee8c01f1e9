"""What runs hand out has no dead channels, answers as before, and is what the run says of it."""

from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from backend.domain.recipe import Recipe
from backend.domain.reports import OperatingPoint
from tests.engine.runs import Collected, blobs, collect_run, recipe, small_lenet, zoo_network
from worker.data import from_neutral, load_builtin, to_neutral
from worker.engine.examples import Dataset
from worker.engine.network import Network, build

DENSITY = 1 / 30


@cache
def digits() -> Dataset:
    return from_neutral(to_neutral(load_builtin("digits", (), Path())).tensors)


@cache
def lenet300() -> Network:
    return zoo_network("lenet300", (1, 8, 8), digits().class_count, 0)


def single_weights(dead_channels: str) -> Recipe:
    """LeNet-300-100 at a thirtieth of its parameters, with a point on the way."""
    prune = {
        "criterion": {"kind": "magnitude"},
        "granularity": {"kind": "unstructured"},
        "schedule": {"kind": "one_shot", "training_steps": 2},
        "points": 2,
        "dead_channels": dead_channels,
    }
    target = {"kind": "parameters", "density": DENSITY}
    return recipe(target=target, prune=prune, retrain={"epochs": 1}, data={"batch_size": 128})


@cache
def sparse(dead_channels: str) -> Collected:
    return collect_run(lenet300(), digits(), single_weights(dead_channels))


def counted(network: Network, *, are_zeros_counted: bool) -> tuple[int, int]:
    """MACs and parameters, counted by watching the modules at work; zeros among weights only where that is asked."""
    module, macs = build(network), 0

    def size(weight: torch.Tensor) -> int:
        return weight.numel() if are_zeros_counted else int((weight != 0).sum())

    def watch(layer: nn.Module, _: Any, output: torch.Tensor) -> None:
        nonlocal macs
        places = output[0].numel() // len(layer.weight)
        macs += size(layer.weight) * places

    for layer in module.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d):
            layer.register_forward_hook(watch)
    module(torch.zeros(1, *network.graph.input_shape))
    parameters = list(module.parameters())
    return macs, sum(size(item) if item.dim() > 1 else item.numel() for item in parameters)


def assert_same_answers(first: Network, second: Network) -> None:
    inputs = torch.randn(16, *first.graph.input_shape, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected, found = build(first)(inputs), build(second)(inputs)
    assert (expected - found).norm() <= 1e-5 * expected.norm()


@pytest.mark.parametrize("index", [1, 2])
def test_neurons_without_inputs_or_outputs_leave_a_run_of_single_weights(index: int) -> None:
    kept, thin = sparse("keep").points[index], sparse("remove").points[index]
    lost = len(thin.point.dead_channels)
    assert lost == sum(kept.point.widths) - sum(thin.point.widths)
    assert lost == sum(wide.size(0) - narrow.size(0) for wide, narrow in hidden(kept.network, thin.network))
    assert_same_answers(kept.network, thin.network)
    if index == 2:
        assert lost > 0
        assert thin.point.dead_notice.startswith(f"{lost} dead channels removed: ")
        assert thin.point.parameters < kept.point.parameters <= DENSITY * sparse("keep").points[0].point.parameters


def hidden(kept: Network, thin: Network) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Biases of the hidden layers."""
    return [(kept.tensors[name], thin.tensors[name]) for name in ("fc1.bias", "fc2.bias")]


def test_what_is_reported_is_what_was_handed_out() -> None:
    for finished in sparse("remove").points:
        point, network = finished.point, finished.network
        weights = [network.tensors[f"{layer}.weight"] for layer in ("fc1", "fc2", "fc3")]
        assert (point.macs, point.parameters) == counted(network, are_zeros_counted=False)
        assert (point.zeros.file_macs, point.zeros.file_parameters) == counted(network, are_zeros_counted=True)
        assert point.widths == tuple(len(weight) for weight in weights)
        assert point.zeros.left == tuple(int((weight != 0).sum()) for weight in weights)
        assert point.zeros.count == sum(int((weight == 0).sum()) for weight in weights)
        dense = sum(tensor.numel() for name, tensor in lenet300().tensors.items() if name.endswith("weight"))
        assert point.zeros.count + point.zeros.removed + sum(point.zeros.left) == point.zeros.prunable == dense


def test_the_run_goes_on_as_if_nothing_had_been_removed() -> None:
    assert [item.model_dump() for item in sparse("keep").records] == [
        item.model_dump() for item in sparse("remove").records
    ]
    accuracies = [[item.point.test_accuracy for item in sparse(way).points] for way in ("keep", "remove")]
    assert accuracies[0] == pytest.approx(accuracies[1], abs=0.003)


def group_lasso(**prune: object) -> OperatingPoint:
    """The last point of a run whose regularizer leaves more filters at zero than its target removes."""
    chosen = recipe(
        target={"kind": "sparsity", "sparsity": 0.1},
        sparsify={"epochs": 3, "regularizer": {"kind": "group_lasso", "strength": 2.0}},
        prune={
            "criterion": {"kind": "magnitude"},
            "schedule": {"kind": "one_shot", "training_steps": 1},
            "points": 1,
            **prune,
        },
        retrain={"epochs": 0},
    )
    finished = collect_run(small_lenet(widths=(16, 24, 32)), blobs(), chosen).points[-1]
    assert (finished.point.macs, finished.point.parameters) == counted(finished.network, are_zeros_counted=True)
    assert finished.point.zeros is None
    return finished.point


def test_dead_filters_leave_a_run_of_channels_down_to_a_width_that_is_allowed() -> None:
    kept, free, aligned = group_lasso(dead_channels="keep"), group_lasso(), group_lasso(width_multiple=8)
    assert free.dead_channels
    assert kept.dead_channels == ()
    assert sum(free.widths) < sum(kept.widths)
    assert free.sparsity > kept.sparsity >= 0.1
    assert aligned.dead_channels
    assert all(width % 8 == 0 for width in aligned.widths[:-1])
    assert all(8 * -(-width // 8) == wide for width, wide in zip(free.widths[:-1], aligned.widths[:-1], strict=True))
