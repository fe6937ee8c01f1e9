"""Convolutional networks of every construction: which channels can go, and that removal is exact."""

import pytest
import torch

from tests.engine import oracle
from tests.engine.constructs import BY_NAME
from worker.engine.coupling import find_groups

GROUPS = {
    "plain": {"features.0": 6, "features.3": 8, "classifier.1": 12},
    "residual": {"stem.0": 6, "first.0.0": 4, "second.0.0": 8, "second.1": 10},
    "padded_shortcut": {"stem.0": 4, "inner.0.0": 6, "inner.1": 4},
    "dense_block": {"stem": 6, "layers.0": 4, "layers.1": 4, "layers.2": 4, "transition": 9},
    "grouped": {"stem.0": 8, "reduce.0": 4, "group.0": 4},
    "shuffle": {"stem.0": 1, "branch.0.0": 4, "last.0": 10},
    "squeeze_excitation": {"stem.0": 8, "squeeze": 3, "fc1": 4},
    "inverted_residual": {"stem.0": 6, "conv.0": 18},
    "other_norms": {"conv1": 2, "conv2": 6},
    "pixel_shuffle": {"conv1": 4, "conv2": 3},
    "transposed": {"down1.0": 6, "down2.0": 3, "down2.0#2": 2, "up": 6, "last": 2},
    "volume": {"conv1": 6, "conv2": 4},
    "signal": {"conv1": 6, "conv2": 4, "fc1": 10},
    "auxiliary": {"stem.0": 6, "deep.0": 8},
    "two_inputs": {"image.0": 6, "vector": 4, "hidden": 8},
}
"""Units that can go, by group; in a shuffle that is repeated everything comes to depend on everything."""


@pytest.mark.parametrize("name", GROUPS)
def test_channels_that_can_go_are_found(name):
    groups = find_groups(BY_NAME[name].network(torch.float64))
    assert {group.name: group.width for group in groups} == GROUPS[name]
    assert not any(group.inexact for group in groups)


@pytest.mark.parametrize("sparsity", [0.3, 0.5])
@pytest.mark.parametrize("name", GROUPS)
def test_the_thinner_network_is_exact_and_learns(name, sparsity):
    construct = BY_NAME[name]
    network = construct.network(torch.float64)
    inputs = construct.inputs(8, torch.float64)
    keep = oracle.random_keep(network, sparsity)
    thin = oracle.assert_removal_is_exact(construct.module(torch.float64), network, inputs, keep, rows="noise")
    oracle.assert_learns(thin, inputs)


@pytest.mark.parametrize("name", GROUPS)
def test_in_float32_it_is_exact_too(name):
    construct = BY_NAME[name]
    keep = oracle.random_keep(construct.network(), 0.5, seed=1)
    oracle.assert_removal_is_exact(construct.module(), construct.network(), construct.inputs(8), keep)
