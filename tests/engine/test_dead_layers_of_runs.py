"""Depth-wise group lasso: layers that come to zero stay zero, and what a run hands out does without them."""

from functools import cache

import pytest
import torch

from backend.domain.errors import FailureCode, JobFailure
from backend.domain.recipe import Recipe
from backend.domain.regularizers import GroupLassoRegularizer
from tests.engine.constructs import BY_NAME
from tests.engine.grounds import ground_of
from tests.engine.runs import CPU, Collected, blobs, collect_run, recipe, small_lenet, weights_hash
from worker.engine.catalogue import REGULARIZERS
from worker.engine.counting import count_macs, count_parameters
from worker.engine.network import Network, build, summarize
from worker.engine.shortcuts import layers_beside_shortcuts
from worker.engine.trainee import Trainee

GONE = ("first.0.0", "first.1", "downsample.0")
TRUNK = ["stem.0", "second.0.0", "second.1", "fc"]
SGD = {"kind": "sgd", "learning_rate": 0.02}


def residual() -> Network:
    return BY_NAME["residual"].network()


def depth_wise(dead_channels: str, granularity: str) -> Recipe:
    """A strength that no layer withstands, two operating points, retraining with gradients of limited length."""
    lasso = {"kind": "group_lasso", "strength": 1e-4, "layer_strength": 4.0}
    return recipe(
        target={"kind": "parameters", "density": 0.6},
        sparsify={"epochs": 2, "steps_per_record": 5, "optimizer": SGD, "regularizer": lasso},
        prune={
            "criterion": {"kind": "magnitude"},
            "granularity": {"kind": granularity},
            "schedule": {"kind": "one_shot", "training_steps": 1},
            "points": 2,
            "dead_channels": dead_channels,
        },
        retrain={"epochs": 1, "steps_per_record": 3, "optimizer": SGD, "gradient_norm": 1.0},
    )


@cache
def finished(dead_channels: str = "remove", granularity: str = "channel") -> Collected:
    chosen = depth_wise(dead_channels, granularity)
    return collect_run(residual(), blobs(160, 40, (3, 16, 16), 5), chosen)


@pytest.mark.parametrize("granularity", ["channel", "unstructured"])
def test_what_a_run_hands_out_lacks_the_layers_and_answers_as_with_them(granularity: str) -> None:
    kept, short = (finished(way, granularity).points[1:] for way in ("keep", "remove"))
    inputs = BY_NAME["residual"].inputs(8)
    for with_them, without in zip(kept, short, strict=True):
        assert (with_them.point.removed_layers, without.point.removed_layers) == ((), GONE)
        assert [layer.name for layer in summarize(without.network).layers] == TRUNK
        assert without.network.tensors.keys().isdisjoint(f"{name}.weight" for name in GONE)
        assert without.point.dead_notice.startswith("3 layers removed whose residual branch said the same")
        with torch.no_grad():
            torch.testing.assert_close(build(without.network)(*inputs), build(with_them.network)(*inputs))


@pytest.mark.parametrize("granularity", ["channel", "unstructured"])
def test_sizes_are_those_of_what_is_handed_out(granularity: str) -> None:
    layers = [layer.name for layer in summarize(residual()).layers]
    for item in finished("remove", granularity).points[1:]:
        point = item.point
        counts = (point.macs, point.parameters)
        if point.zeros is not None:
            counts = (point.zeros.file_macs, point.zeros.file_parameters)
            assert [left > 0 for left in point.zeros.left] == [name not in GONE for name in layers]
        assert counts == (count_macs(item.network), count_parameters(item.network))
        widths = {layer.name: layer.width for layer in summarize(item.network).layers}
        assert point.widths == tuple(widths.get(name, 0) for name in layers)


def test_a_run_with_dead_layers_resumes_to_the_same_bits() -> None:
    whole = finished()
    for checkpoint in whole.checkpoints[1::4]:
        rest = collect_run(residual(), blobs(160, 40, (3, 16, 16), 5), depth_wise("remove", "channel"), checkpoint)
        assert weights_hash(rest.points[-1].network) == weights_hash(whole.points[-1].network)
        assert rest.points[-1].point == whole.points[-1].point


def test_a_layer_that_came_to_zero_stays_there_whatever_its_gradient() -> None:
    trainee = Trainee(residual(), CPU)
    lasso = GroupLassoRegularizer(strength=1e-30, layer_strength=10.0)
    trainee.regularizer = REGULARIZERS.make(lasso)(ground_of(trainee))
    trainee.start_training(lambda parameters: torch.optim.SGD(parameters, lr=0.1, momentum=0.9))
    for _ in range(4):
        scores = trainee.scores(BY_NAME["residual"].inputs(8))
        trainee.learn(scores.square().mean(), 8)
        trainee.set_learning_rate(1e-6)  # the threshold is next to nothing from now on
        assert not trainee.tensors["first.1.weight"].any()
    assert trainee.tensors["second.1.weight"].any()
    assert set(trainee.regularizer.zero_layers()) == {"first.1.weight", "downsample.0.weight"}


def test_only_layers_at_the_end_of_a_branch_can_go() -> None:
    """A depthwise convolution makes channels that another layer makes too, but is in a row with it."""
    names = ("inverted_residual", "fused_attention", "dense_block", "plain")
    networks = {name: BY_NAME[name].network() for name in names}
    found = {name: layers_beside_shortcuts(network, network.tensors) for name, network in networks.items()}
    assert found["inverted_residual"] == {"conv.6.weight"}
    assert found["fused_attention"] == {"proj.weight", "fc2.weight"}
    assert not found["plain"]
    assert not found["dense_block"]
    trainee = Trainee(BY_NAME["inverted_residual"].network(), CPU)
    lasso = REGULARIZERS.make(GroupLassoRegularizer(layer_strength=1e3))(ground_of(trainee))
    lasso.finish_step(1.0)
    assert lasso.zero_layers() == ["conv.6.weight"]
    ends = [group.branch_ends for name in ("inverted_residual", "plain") for group in summarize(networks[name]).groups]
    assert [names for names in ends if names] == [("conv.6",)]


def test_the_penalty_on_layers_is_refused_before_any_training_without_a_shortcut() -> None:
    chosen = recipe(sparsify={"epochs": 1, "regularizer": {"kind": "group_lasso", "layer_strength": 0.1}})
    with pytest.raises(JobFailure, match="beside a shortcut") as refusal:
        collect_run(small_lenet(), blobs(), chosen)
    assert refusal.value.code is FailureCode.INVALID_RECIPE
    assert "wen2016-ssl" in refusal.value.hint
