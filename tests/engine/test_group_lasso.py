"""Group lasso: the proximal step, and the zeros that it leaves."""

from collections.abc import Mapping

import pytest
import torch

from backend.domain.regularizers import GroupLassoRegularizer, SparseGroupLassoRegularizer
from backend.domain.retraining import SgdOptimizer
from tests.engine.constructs import BY_NAME
from tests.engine.grounds import ground_of
from tests.engine.runs import CPU, blobs, collect_run, recipe, small_lenet, zoo_network
from worker.engine.catalogue import OPTIMIZERS, REGULARIZERS
from worker.engine.coupling import ChannelGroup
from worker.engine.dead_channels import Thinned, remove_dead
from worker.engine.inputs import Inputs
from worker.engine.network import Network, build, summarize
from worker.engine.regularizers.regularizer import Regularizer
from worker.engine.retraining.losses import cross_entropy
from worker.engine.trainee import Trainee

DROP_NEURON = SparseGroupLassoRegularizer(strength=1e-9, l1_strength=0.0, lines="both", scaling="none")


def regularized(trainee: Trainee, **settings: float) -> Regularizer:
    return REGULARIZERS.make(GroupLassoRegularizer(**settings))(ground_of(trainee))


def filters(group: ChannelGroup, tensors: Mapping[str, torch.Tensor]) -> torch.Tensor:
    """The weights that make each channel (K, weights), in all layers of the group."""
    return torch.cat([tensors[f"{layer}.weight"].flatten(1) for layer in group.layers], 1)


def objective(point: torch.Tensor, start: torch.Tensor, threshold: float) -> float:
    return float(0.5 * (point - start).square().sum() + threshold * point.norm())


def test_the_proximal_step_minimizes_its_objective():
    """Of a coupled group too: no nearby point of any channel is better than the one the step goes to."""
    trainee = Trainee(zoo_network("resnet20", (1, 16, 16), 4, 0), CPU)
    group = max(trainee.groups, key=lambda item: len(item.layers))
    before = filters(group, trainee.tensors).double()
    rate, strength = 0.1, 0.3
    regularized(trainee, strength=strength).finish_step(rate)
    after = filters(group, trainee.tensors).double()
    threshold = rate * strength * before.size(1) ** 0.5
    assert 0 < int((after.norm(dim=1) == 0).sum()) < group.width or not torch.equal(before, after)
    generator = torch.Generator().manual_seed(0)
    for start, end in zip(before, after, strict=True):
        best = objective(end, start, threshold)
        for _ in range(20):
            step = 1e-3 * torch.randn(len(end), generator=generator, dtype=torch.float64)
            assert objective(end + step, start, threshold) >= best - 1e-9


def test_channels_whose_norm_is_below_the_threshold_become_exactly_zero():
    trainee = Trainee(small_lenet(), CPU)
    group = trainee.groups[0]
    norms = filters(group, trainee.tensors).norm(dim=1)
    size = filters(group, trainee.tensors).size(1)
    middle = float(norms.sort().values[2:4].mean())
    regularized(trainee, strength=middle / size**0.5).finish_step(1.0)
    left = filters(group, trainee.tensors).norm(dim=1)
    assert torch.equal(left == 0, norms < middle)


def shrunk(lines: torch.Tensor, strength: float) -> torch.Tensor:
    """The closed form of the proximal step of `strength * sqrt(weights) * norm`, for each row."""
    threshold = strength * lines.size(1) ** 0.5
    norms = lines.norm(dim=1, keepdim=True)
    return torch.where(norms > threshold, lines * (1 - threshold / norms), 0.0)


def test_channels_and_shapes_are_the_slices_that_the_paper_draws():
    """Of a convolution in the middle: `W[:, c]` of a channel, `W[:, c, m, k]` of a shape."""
    tiny, strength = 1e-30, 0.02
    for settings in ({"channel_strength": strength}, {"shape_strength": strength}):
        trainee = Trainee(small_lenet(), CPU)
        before = trainee.tensors["conv2.weight"].clone()
        regularized(trainee, strength=tiny, **settings).finish_step(1.0)
        slices = before.movedim(0, 1).flatten(1) if "channel_strength" in settings else before.flatten(1).T
        expected = shrunk(slices, strength)
        after = trainee.tensors["conv2.weight"]
        found = after.movedim(0, 1).flatten(1) if "channel_strength" in settings else after.flatten(1).T
        torch.testing.assert_close(found, expected)
        assert not torch.equal(found, slices)


@pytest.mark.parametrize("name", ["up.weight", "last.weight"])
def test_shapes_of_a_transposed_convolution_are_all_that_reads_a_channel_at_one_place(name: str) -> None:
    """Its inputs come first: `W[c, :, m, k]`, in a grouped one of the outputs of the channel's group."""
    trainee = Trainee(BY_NAME["transposed"].network(torch.float64), CPU)
    before, strength = trainee.tensors[name].clone(), 0.05
    regularized(trainee, strength=1e-30, shape_strength=strength).finish_step(1.0)
    shapes, after = (tensor.movedim(1, -1).flatten(0, -2) for tensor in (before, trainee.tensors[name]))
    torch.testing.assert_close(after, shrunk(shapes, strength))
    assert not torch.equal(after, shapes)


def test_a_channel_that_is_read_through_a_flatten_is_all_its_places():
    trainee = Trainee(small_lenet(), CPU)
    before = trainee.tensors["fc1.weight"].clone()
    regularized(trainee, strength=1e-30, channel_strength=0.02).finish_step(1.0)
    lines = before.view(len(before), 8, -1).movedim(1, 0).flatten(1)
    expected = shrunk(lines, 0.02).view(8, len(before), -1).movedim(0, 1).reshape_as(before)
    torch.testing.assert_close(trainee.tensors["fc1.weight"], expected)


def test_a_layer_beside_a_shortcut_goes_as_a_whole_and_its_block_with_it():
    network = BY_NAME["residual"].network(torch.float64)
    trainee = Trainee(network, CPU)
    group = max(trainee.groups, key=lambda item: len(item.layers))
    regularized(trainee, strength=1e-30, layer_strength=100.0).finish_step(1.0)
    zero = {layer for layer in group.layers if not bool(trainee.tensors[f"{layer}.weight"].any())}
    assert zero == set(group.layers[1:])
    sparse = trainee.network()
    thin = remove_dead(Thinned.whole(sparse)).network
    inputs = BY_NAME["residual"].inputs(2, torch.float64)
    torch.testing.assert_close(build(thin)(*inputs), build(sparse)(*inputs))
    widths = {item.name: item.width for item in summarize(thin).groups}
    inside = [item.name for item in trainee.groups if zero & set(item.consumers)]
    assert inside
    assert all(widths.get(name, 1) == 1 for name in inside)


def test_a_run_sparsifies_before_it_removes_and_says_so():
    chosen = recipe(
        sparsify={"epochs": 3, "steps_per_record": 5, "regularizer": {"kind": "group_lasso", "strength": 2.0}},
        prune={"criterion": {"kind": "magnitude"}, "schedule": {"kind": "one_shot", "training_steps": 1}, "points": 1},
    )
    result = collect_run(small_lenet(), blobs(), chosen)
    phases = [record.phase.value for record in result.records]
    assert phases == sorted(phases, key=["sparsify", "prune", "retrain"].index)
    assert set(phases) == {"sparsify", "prune", "retrain"}
    assert all(record.sparsity == 0 for record in result.records if record.phase.value == "sparsify")
    progress = [record.progress for record in result.records]
    assert progress == sorted(progress)
    assert progress[-1] == 1.0


@pytest.mark.parametrize("regularizer", [GroupLassoRegularizer(strength=1e-9), DROP_NEURON])
def test_a_filter_in_front_of_a_batch_norm_that_lets_a_constant_through_stays_zero_once_it_is(regularizer):
    """Its gradient would be `1 / sqrt(eps)` times those of others: one step would make it the largest of all."""
    network = zoo_network("vgg_small_bn", (1, 16, 16), 4, 0)
    tensors = {name: tensor.clone() for name, tensor in network.tensors.items()}
    tensors["features.0.weight"][3], tensors["features.1.bias"][3] = 0.0, 1.0
    trainee = Trainee(Network(network.graph, tensors), CPU)
    trainee.regularizer = REGULARIZERS.make(regularizer)(ground_of(trainee))
    trainee.start_training(OPTIMIZERS.make(SgdOptimizer(learning_rate=0.01)))
    trainee.module.train()
    inputs = Inputs.of(torch.randn(16, 1, 16, 16, generator=torch.Generator().manual_seed(0)))
    labels = torch.arange(16) % 4
    for _ in range(3):
        trainee.learn(cross_entropy(trainee.scores(inputs), labels, inputs), len(labels), None, [])
    left = trainee.tensors["features.0.weight"].flatten(1).any(1)
    assert left.tolist() == [place != 3 for place in range(16)]
