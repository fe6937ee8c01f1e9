"""First-order criteria: against brute force, under re-scaling, and beside the true change of the loss."""

from functools import cache

import pytest
import torch
from torch import Tensor, nn

from backend.domain.criteria import (
    Criterion,
    FisherCriterion,
    MagnitudeCriterion,
    TaylorCriterion,
    TaylorSquaredCriterion,
)
from tests.engine.constructs import BY_NAME
from tests.engine.runs import CPU, small_lenet, small_mlp, zoo_network
from tests.engine.test_fisher import mask_gradients, scores_of
from worker.engine.catalogue import CRITERIA
from worker.engine.criteria.criterion import Evidence
from worker.engine.network import Network, capture
from worker.engine.signal import Needs, Reading
from worker.engine.trainee import Trainee

NETWORKS = {
    "lenet5": small_lenet,
    "mlp": small_mlp,
    "resnet20": lambda: zoo_network("resnet20", (1, 16, 16), 4, 0),
}
MAP_SIZES = {
    "lenet5": {"conv1": 36, "conv2": 1, "fc1": 1},
    "mlp": {"fc1": 1, "fc2": 1},
}
"""Elements of a channel where it is read, on a 16x16 image: after pooling."""
SIGNAL_CRITERIA = [
    TaylorCriterion(),
    TaylorCriterion(normalization="none"),
    TaylorSquaredCriterion(),
    FisherCriterion(),
]


def examples(count: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    inputs = torch.randn(count, 1, 16, 16, generator=generator)
    return inputs.double(), torch.randint(0, 4, (count,), generator=generator)


@cache
def case(name: str) -> tuple[Network, Tensor, Tensor, dict[str, Tensor]]:
    """A network in float64, six examples with their labels, and the gradients of masks, (N, K) by group."""
    network, (inputs, labels) = in_double(NETWORKS[name]()), examples(6)
    return network, inputs, labels, mask_gradients(network, inputs, labels)


def in_double(network: Network) -> Network:
    return Network(network.graph, {key: value.double() for key, value in network.tensors.items()})


@pytest.mark.parametrize("name", MAP_SIZES)
@pytest.mark.parametrize("batch_sizes", [[6], [2, 4]])
def test_taylor_is_the_mean_size_of_mask_gradients_per_element_taken_one_example_at_a_time(name, batch_sizes):
    network, inputs, labels, gradients = case(name)
    found = scores_of(TaylorCriterion(normalization="none"), network, inputs, labels, batch_sizes)
    assert found.keys() == gradients.keys()
    for group, rows in gradients.items():
        torch.testing.assert_close(found[group], rows.abs().mean(0) / MAP_SIZES[name][group], rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("name", NETWORKS)
def test_normalized_scores_of_every_layer_have_norm_one(name):
    network, inputs, labels, gradients = case(name)
    found = scores_of(TaylorCriterion(), network, inputs, labels, [6])
    for group, rows in gradients.items():
        sizes = rows.abs().mean(0)
        torch.testing.assert_close(found[group], sizes / sizes.norm(), rtol=1e-10, atol=1e-14)


def test_a_layer_that_says_nothing_scores_zero_and_not_a_quotient_of_zeros():
    trainee = Trainee(small_mlp(), CPU)
    means = {Reading.ABSOLUTES: {group.name: torch.zeros(group.width) for group in trainee.groups}}
    scores = CRITERIA.make(TaylorCriterion()).score(Evidence(trainee.groups, {}, means, torch.Generator()))
    assert all(score.tolist() == [0.0] * len(score) for score in scores.values())


@pytest.mark.parametrize("name", NETWORKS)
def test_squared_taylor_is_the_square_of_each_batchs_mean_mask_gradient(name):
    network, inputs, labels, gradients = case(name)
    found = scores_of(TaylorSquaredCriterion(), network, inputs, labels, [3, 3])
    for group, rows in gradients.items():
        expected = (rows[:3].mean(0).square() + rows[3:].mean(0).square()) / 2
        torch.testing.assert_close(found[group], expected, rtol=1e-10, atol=1e-14)


def test_gradients_of_opposite_sign_cancel_only_in_the_squared_criterion():
    # Two examples, one channel: g = +1 and -1, divided by the batch's size as a mean loss does.
    signal = Trainee(small_mlp(), CPU).gates.signal
    signal.start(Needs(frozenset({Reading.ABSOLUTES, Reading.BATCH_SQUARES, Reading.SQUARES, Reading.TOTAL_SQUARES})))
    signal.read("layer", torch.tensor([[1.0, 1.0], [-1.0, 1.0]]) / 2, elements=2 * 4)
    signal.finish_batch(2)
    means = {reading: groups["layer"].tolist() for reading, groups in signal.stop().items()}
    assert means[Reading.ABSOLUTES] == [0.25, 0.25]  # over 4 elements
    assert means[Reading.BATCH_SQUARES] == [0.0, 1.0]
    assert means[Reading.SQUARES] == [1.0, 1.0]
    assert means[Reading.TOTAL_SQUARES] == [2.0]  # (1 + 1)^2 and (-1 + 1)^2


def test_momentum_weighs_the_scores_of_the_last_removal():
    trainee = Trainee(small_mlp(widths=(2, 2)), CPU)
    means = {Reading.BATCH_SQUARES: {"fc1": torch.tensor([1.0, 3.0]), "fc2": torch.tensor([2.0, 2.0])}}
    earlier = {"fc1": torch.tensor([5.0, 1.0])}
    criterion = CRITERIA.make(TaylorSquaredCriterion(momentum=0.75))
    scores = criterion.score(Evidence(trainee.groups, {}, means, torch.Generator(), earlier=earlier))
    assert scores["fc1"].tolist() == [4.0, 1.5]
    assert scores["fc2"].tolist() == [2.0, 2.0]


@pytest.mark.parametrize("name", ["standard_attention", "window_attention", "mixer"])
def test_taylor_reads_what_one_example_has_wherever_its_rows_are(name):
    construct = BY_NAME[name]
    network = construct.network()
    (inputs,) = construct.inputs(6)
    labels = torch.arange(6) % 5
    gradients = mask_gradients(network, inputs, labels)
    found = scores_of(TaylorCriterion(), network, inputs, labels, [4, 2])
    for group, rows in gradients.items():
        sizes = rows.abs().mean(0)
        assert torch.allclose(found[group].double(), sizes / sizes.norm(), rtol=1e-3, atol=1e-6), group


class Rectified(nn.Module):
    """Convolution, pooling and two linear layers with ReLU: what a positive factor passes through."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.hidden, self.read = nn.Conv2d(1, 6, 5), nn.Linear(6 * 36, 10), nn.Linear(10, 4)

    def forward(self, x: Tensor) -> Tensor:
        maps = nn.functional.max_pool2d(self.conv(x).relu(), 2)
        return self.read(self.hidden(maps.flatten(1)).relu())


def rescaled(factors: Tensor) -> tuple[Network, Network]:
    """A network, and the same function with map k multiplied by a factor that the next layer takes back."""
    torch.manual_seed(3)
    module = Rectified().double().eval()
    example = (torch.zeros(2, 1, 16, 16, dtype=torch.float64),)
    before = capture(module, example, "rectified")
    with torch.no_grad():
        module.conv.weight.mul_(factors[:, None, None, None])
        module.conv.bias.mul_(factors)
        module.hidden.weight.div_(factors.repeat_interleave(36))
    return before, capture(module, example, "rectified")


FACTORS = torch.tensor([0.25, 4.0, 1.0, 16.0, 0.5, 2.0], dtype=torch.float64)
"""Powers of two change no rounding: what is the same must be the same bit for bit."""


@pytest.mark.parametrize("spec", SIGNAL_CRITERIA, ids=lambda spec: f"{spec.kind}")
def test_scores_at_gates_do_not_change_when_a_map_is_scaled_and_the_next_layer_takes_it_back(spec: Criterion):
    before, after = rescaled(FACTORS)
    inputs, labels = examples(8)
    first, second = (scores_of(spec, network, inputs, labels, [8]) for network in (before, after))
    assert bool((first["conv"] > 0).all())
    assert all(torch.equal(first[group], second[group]) for group in first)


@pytest.mark.parametrize("norm", [1, 2])
def test_norms_of_weights_change_with_such_a_scaling_and_so_does_their_order(norm):
    before, after = rescaled(FACTORS)
    criterion = CRITERIA.make(MagnitudeCriterion(norm=norm))
    first, second = (
        criterion.score(Evidence(Trainee(network, CPU).groups, network.tensors, {}, torch.Generator()))["conv"]
        for network in (before, after)
    )
    torch.testing.assert_close(second, first * FACTORS)
    assert first.argsort().tolist() != second.argsort().tolist()
