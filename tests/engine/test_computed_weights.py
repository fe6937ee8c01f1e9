"""Weights that are computed from stored ones: normalized by their gain, or standardized."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from tests.engine import oracle
from worker.engine.coupling import find_groups
from worker.engine.network import build, capture


class Scaled(nn.Conv2d):
    """Each filter times a gain."""

    def __init__(self, *sizes):
        super().__init__(*sizes)
        self.gain = nn.Parameter(torch.rand(self.out_channels, 1, 1, 1) + 0.5)

    def forward(self, x):
        return functional.conv2d(x, self.weight * self.gain, self.bias)


class Standardized(nn.Conv2d):
    """Each filter minus its mean."""

    def forward(self, x):
        return functional.conv2d(x, self.weight - self.weight.mean((1, 2, 3), keepdim=True), self.bias)


class Normalized(nn.Conv2d):
    """Each filter through a batch norm without statistics of its own."""

    def forward(self, x):
        flat = self.weight.reshape(1, self.out_channels, -1)
        weight = functional.batch_norm(flat, None, None, training=True).reshape_as(self.weight)
        return functional.conv2d(x, weight, self.bias)


def network_of(kind):
    torch.manual_seed(0)
    body = nn.Sequential(kind(2, 6, 3), nn.ReLU(), kind(6, 5, 3), nn.ReLU())
    module = nn.Sequential(body, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(5, 3)).double().eval()
    inputs = torch.randn(8, 2, 6, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    return module, capture(module, (inputs,), "computed"), inputs


@pytest.mark.parametrize("kind", [Scaled, Standardized, Normalized])
def test_channels_belong_to_the_stored_weight(kind):
    groups = find_groups(network_of(kind)[1])
    assert [(group.name, group.width, group.consumers) for group in groups] == [
        ("0.0", 6, ("0.2",)),
        ("0.2", 5, ("3",)),
    ]


def test_gains_are_followed_exactly():
    module, network, inputs = network_of(Scaled)
    oracle.assert_removal_is_exact(module, network, [inputs], oracle.random_keep(network, 0.5), rows="noise")


@pytest.mark.parametrize("kind", [Standardized, Normalized])
def test_statistics_over_what_a_filter_reads_are_told(kind):
    first, last = find_groups(network_of(kind)[1])
    assert first.inexact
    assert not last.inexact


class Assembled(nn.Module):
    """A stored matrix with a bias put together from a parameter and zeros, as attention with silent keys has it."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(6, 4))
        self.shift = nn.Parameter(torch.randn(2))
        self.register_buffer("silent", torch.zeros(4))

    def forward(self, x):
        return functional.linear(x, self.weight, torch.cat([self.shift, self.silent]))


def test_a_computed_bias_is_not_lost_when_layers_are_made():
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(3, 4), Assembled(), nn.ReLU(), nn.Linear(6, 2)).eval()
    inputs = torch.randn(5, 3)
    network = capture(module, (inputs,), "assembled")
    assert torch.allclose(build(network)(inputs), module(inputs), atol=1e-6)
    network = capture(module.double(), (inputs.double(),), "assembled")
    oracle.assert_removal_is_exact(module, network, [inputs.double()], oracle.random_keep(network, 0.5), rows="noise")
