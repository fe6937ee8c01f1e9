"""Removing channels that nobody reads or that are constant changes no answer."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from tests.engine.zoo_cases import RESNET20, VGG_SMALL
from worker.engine.coupling import find_groups
from worker.engine.dead_channels import Thinned, remove_dead
from worker.engine.network import Network, build, capture


class Chain(nn.Module):
    """Convolution, norm, pooling, flatten, two linear layers; the second convolution may pad."""

    def __init__(self, padding=0, bias=True):
        super().__init__()
        self.a, self.norm = nn.Conv2d(2, 6, 3, bias=bias), nn.BatchNorm2d(6)
        self.b, self.norm2 = nn.Conv2d(6, 5, 3, padding=padding, bias=bias), nn.BatchNorm2d(5)
        self.c, self.d = nn.Linear(5 * 4, 7), nn.Linear(7, 3)
        for norm in (self.norm, self.norm2):
            nn.init.normal_(norm.bias)
            nn.init.normal_(norm.running_mean)

    def forward(self, x):
        x = functional.gelu(self.norm(self.a(x)))
        x = functional.adaptive_avg_pool2d(functional.relu(self.norm2(self.b(x))), 2).flatten(1)
        return self.d(torch.sigmoid(self.c(x)))


def network_of(module, size=8):
    torch.manual_seed(1)
    return capture(module.double().eval(), (torch.zeros(2, 2, size, size, dtype=torch.float64),), "chain")


def widths(network):
    return {group.name: group.width for group in find_groups(network)}


def assert_equal_answers(network: Network, thin: Network, shape=(2, 8, 8)) -> None:
    inputs = torch.randn(4, *shape, dtype=torch.float64)
    with torch.no_grad():
        assert (build(network)(inputs) - build(thin)(inputs)).abs().max() < 1e-12


def zeroed(network: Network, **rows: list[int]) -> Network:
    """Zero rows of weights (`layer`) or columns (`layer_reads`)."""
    tensors = {name: tensor.clone() for name, tensor in network.tensors.items()}
    for name, places in rows.items():
        layer, _, reads = name.partition("_")
        weight = tensors[f"{layer}.weight"]
        (weight.transpose(0, 1) if reads else weight)[places] = 0
    return Network(network.graph, tensors)


def test_a_network_without_dead_channels_stays_the_same_value():
    network = network_of(Chain())
    assert remove_dead(Thinned.whole(network)).network is network


def test_channels_that_nobody_reads_go():
    network = zeroed(network_of(Chain(padding=1)), b_reads=[0, 4], d_reads=[2])
    thin = remove_dead(Thinned.whole(network)).network
    assert widths(thin) == {"a": 4, "b": 5, "c": 6}
    assert_equal_answers(network, thin)


@pytest.mark.parametrize("bias", [True, False])
def test_constants_are_folded_into_the_next_bias_or_mean(bias):
    network = zeroed(network_of(Chain(bias=bias)), a=[1, 2], b=[3], c=[0, 5])
    thin = remove_dead(Thinned.whole(network)).network
    assert widths(thin) == {"a": 4, "b": 4, "c": 5}
    assert_equal_answers(network, thin)


def test_constants_at_a_padded_border_stay():
    network = zeroed(network_of(Chain(padding=1)), a=[1, 2])
    thin = remove_dead(Thinned.whole(network)).network
    assert widths(thin)["a"] == 6
    assert_equal_answers(network, thin)


def test_what_becomes_dead_by_a_removal_goes_too():
    network = zeroed(network_of(Chain()), d_reads=[0, 1, 2, 3])
    tensors = dict(network.tensors)
    tensors["c.weight"] = tensors["c.weight"].clone()
    tensors["c.weight"][4:, :8] = 0  # channels 0 and 1 of b are read by the dead part of c only
    network = Network(network.graph, tensors)
    thin = remove_dead(Thinned.whole(network)).network
    assert widths(thin) == {"a": 6, "b": 3, "c": 3}
    assert_equal_answers(network, thin)


def test_every_group_keeps_a_channel():
    network = zeroed(network_of(Chain()), a=list(range(6)))
    thin = remove_dead(Thinned.whole(network)).network
    assert widths(thin)["a"] == 1
    assert_equal_answers(network, thin)


@pytest.mark.parametrize("case", [VGG_SMALL, RESNET20])
def test_zoo_networks_with_zeroed_filters_answer_as_before(case):
    network = case.network(torch.float64)
    tensors = {name: tensor.clone() for name, tensor in network.tensors.items()}
    generator = torch.Generator().manual_seed(0)
    for name, tensor in tensors.items():
        if tensor.dim() == 4 and tensor.size(1) > 3:
            tensor[torch.rand(len(tensor), generator=generator) < 0.5] = 0
        elif name.endswith("bias"):
            tensor -= 0.5  # so that some of the constants are zero after the activation, and some are not
    dense = Network(network.graph, tensors)
    thin = remove_dead(Thinned.whole(dense)).network
    assert sum(widths(thin).values()) < sum(widths(dense).values())
    inputs = case.inputs(3, torch.float64)
    with torch.no_grad():
        assert (build(dense)(inputs) - build(thin)(inputs)).abs().max() < 1e-10


class Blocks(nn.Module):
    """A convolution, one of two blocks, and one more."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = nn.Conv2d(2, 8, 3), nn.Conv2d(8, 12, 3, groups=2), nn.Conv2d(12, 5, 1)
        self.d = nn.Linear(5, 3)

    def forward(self, x):
        x = functional.gelu(self.b(torch.sigmoid(self.a(x))))
        return self.d(functional.relu(self.c(x)).mean((2, 3)))


def test_channels_that_are_dead_in_every_block_of_a_grouped_convolution_go():
    """Constants of the first block's channels are folded into the first block's biases, and so on."""
    network = zeroed(network_of(Blocks()), a=[1, 5, 2], b=[0, 6, 3], b_reads=[3])
    thinned = remove_dead(Thinned.whole(network))
    assert widths(network) == {"a": 4, "b": 6, "c": 5}
    assert thinned.widths == {"a": 2, "b": 5, "c": 5}
    assert [thinned.network.tensors[f"{name}.weight"].size(0) for name in "abc"] == [4, 10, 5]
    assert_equal_answers(network, thinned.network)
