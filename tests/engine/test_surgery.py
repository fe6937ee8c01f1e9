"""Removing channels gives exactly the network in which they are silent."""

import copy
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from tests.engine.masking import build_masked, random_masks
from tests.engine.zoo_cases import CASES, LENET5, LENET300, RESNET20, VGG_SMALL, captured, case_name, silence
from worker.engine.coupling import find_groups
from worker.engine.network import build, capture
from worker.engine.surgery import remove, remove_from_tensors, thin_groups
from worker.zoo import build_architecture

TOLERANCES = {torch.float32: 1e-5, torch.float64: 1e-12}


@pytest.mark.parametrize("sparsity", [0.3, 0.5])
@pytest.mark.parametrize("dtype", TOLERANCES, ids=case_name)
@pytest.mark.parametrize("case", CASES, ids=case_name)
def test_removed_channels_equal_channels_silenced_by_hand(case, dtype, sparsity):
    module = case.module(dtype)
    network = case.network(dtype)
    keep = random_masks(network, sparsity)
    silence(module, case, keep)
    thin = build(remove(network, keep))
    inputs = case.inputs(3, dtype)
    with torch.no_grad():
        expected = module(inputs)
        assert (thin(inputs) - expected).abs().max() <= TOLERANCES[dtype] * max(1.0, float(expected.abs().max()))


@pytest.mark.parametrize("case", [LENET5, VGG_SMALL, RESNET20], ids=case_name)
def test_removal_and_silence_agree_in_training_mode(case):
    module = case.module(torch.float64).train()
    network = case.network(torch.float64)
    keep = random_masks(network, 0.4)
    silence(module, case, keep)
    thin = build(remove(network, keep)).train()
    inputs = case.inputs(4, torch.float64)
    with torch.no_grad():
        assert (thin(inputs) - module(inputs)).abs().max() < 1e-10


@pytest.mark.parametrize("case", [LENET300, LENET5, VGG_SMALL, RESNET20], ids=case_name)
def test_masks_at_the_gates_equal_removal_in_both_modes(case):
    network = case.network(torch.float64)
    keep = random_masks(network, 0.5, seed=1)
    masked, thin = build_masked(network, keep), build(remove(network, keep))
    inputs = case.inputs(3, torch.float64)
    for is_training in (False, True):
        with torch.no_grad():
            difference = masked.train(is_training)(inputs) - thin.train(is_training)(inputs)
        assert difference.abs().max() < 1e-10


def test_padded_shortcuts_keep_their_channels_in_place():
    module = build_architecture("resnet20_a", (3, 32, 32), 10).double().eval()
    network = captured(module, (3, 32, 32), "resnet20_a")
    keep = random_masks(network, 0.5)
    # stage 1's channels lie at 8 in stage 2 and at 24 in stage 3; stage 2's own channels are the 8 on either side
    second = torch.cat([torch.arange(8), torch.arange(24, 32)])
    places = {
        "conv1": {1: torch.arange(16), 2: torch.arange(16) + 8, 3: torch.arange(16) + 24},
        "layer2.0.conv2": {2: second, 3: second + 16},
        "layer3.0.conv2": {3: torch.cat([torch.arange(16), torch.arange(48, 64)])},
    }
    for group, stages in places.items():
        for stage, index in stages.items():
            layers = [block.bn2 for block in module.get_submodule(f"layer{stage}")]
            for layer in [*layers, module.bn1] if stage == 1 else layers:
                layer.weight.data[index[~keep[group]]] = 0
                layer.bias.data[index[~keep[group]]] = 0
    for stage, block in ((stage, block) for stage in (1, 2, 3) for block in range(3)):
        layer = module.get_submodule(f"layer{stage}.{block}.bn1")
        layer.weight.data[~keep[f"layer{stage}.{block}.conv1"]] = 0
        layer.bias.data[~keep[f"layer{stage}.{block}.conv1"]] = 0
    inputs = torch.randn(2, 3, 32, 32, dtype=torch.float64)
    assert (build(remove(network, keep))(inputs) - module(inputs)).abs().max() < 1e-12


def test_removing_twice_equals_removing_once():
    network = LENET5.network()
    first = {"conv2": torch.arange(50) % 2 == 0}
    second = {"conv2": torch.arange(25) < 10, "conv1": torch.arange(20) > 3}
    once = {"conv2": (torch.arange(50) % 2 == 0) & (torch.arange(50) < 20), "conv1": torch.arange(20) > 3}
    twice = remove(remove(network, first), second)
    direct = remove(network, once)
    assert twice.graph == direct.graph
    assert all(torch.equal(twice.tensors[name], tensor) for name, tensor in direct.tensors.items())


def test_flattened_channels_take_all_their_inputs_of_the_next_layer_with_them():
    network = LENET5.network()
    thin = remove(network, {"conv2": torch.arange(50) != 7})
    left = torch.cat([torch.arange(7 * 16), torch.arange(8 * 16, 800)])
    assert torch.equal(thin.tensors["fc1.weight"], network.tensors["fc1.weight"][:, left])
    assert thin.tensors["conv2.weight"].shape == (49, 20, 5, 5)


def test_the_dense_network_is_left_untouched():
    network = LENET5.network()
    before = copy.deepcopy(dict(network.tensors))
    remove(network, {"fc1": torch.arange(500) < 100})
    assert all(torch.equal(before[name], tensor) for name, tensor in network.tensors.items())


def test_momentum_is_sliced_like_its_parameter():
    network = LENET5.network()
    keep = {"conv1": torch.arange(20) % 3 != 0}
    momentum = {name: tensor * 2 for name, tensor in network.tensors.items()} | {"step": torch.tensor(4)}
    sliced = remove_from_tensors(momentum, find_groups(network), keep)
    thin = remove(network, keep)
    assert all(torch.equal(sliced[name], tensor * 2) for name, tensor in thin.tensors.items())
    assert sliced["step"] == 4


@pytest.mark.parametrize(
    ("keep", "message"),
    [
        ({"conv9": torch.ones(2, dtype=torch.bool)}, "no channel group `conv9`"),
        ({"conv1": torch.ones(19, dtype=torch.bool)}, "must be 20 booleans"),
        ({"conv1": torch.ones(20)}, "must be 20 booleans"),
        ({"conv1": torch.zeros(20, dtype=torch.bool)}, "would lose all"),
    ],
)
def test_masks_that_do_not_fit_are_refused(keep, message):
    network = LENET5.network()
    with pytest.raises(ValueError, match=message):
        remove(network, keep)


@settings(max_examples=15, deadline=None)
@given(data=st.data(), widths=st.lists(st.integers(1, 9), min_size=1, max_size=3))
def test_any_removal_from_any_perceptron_is_exact(data, widths):
    module = build_architecture("mlp", (6,), 3, widths).double().eval()
    network = captured(module, (6,), "mlp")
    keep = {}
    for position, width in enumerate(widths, start=1):
        kept = data.draw(st.sets(st.integers(0, width - 1), min_size=1))
        keep[f"fc{position}"] = torch.tensor([channel in kept for channel in range(width)])
    thin = build(remove(network, keep))
    with torch.no_grad():
        for name, mask in keep.items():
            module.get_submodule(name).weight[~mask] = 0
            module.get_submodule(name).bias[~mask] = 0
        inputs = torch.randn(4, 6, dtype=torch.float64)
        assert (thin(inputs) - module(inputs)).abs().max() < 1e-12


def equal_groups(one, other):
    assert replace(one, members=(), gates=()) == replace(other, members=(), gates=())
    for mine, its in zip((*one.members, *one.gates), (*other.members, *other.gates), strict=True):
        assert replace(mine, index=None) == replace(its, index=None)
        assert torch.equal(mine.index, its.index)


@pytest.mark.parametrize("case", [LENET5, RESNET20], ids=case_name)
def test_thinned_groups_are_those_found_in_the_thinner_network(case):
    network = case.network()
    keep = random_masks(network, 0.5)
    for one, other in zip(thin_groups(network, keep), find_groups(remove(network, keep)), strict=True):
        equal_groups(one, other)


class Quarters(nn.Module):
    """Eight groups of two channels each."""

    def __init__(self):
        super().__init__()
        self.stem, self.group, self.head = nn.Conv2d(2, 16, 1), nn.Conv2d(16, 16, 3, groups=8), nn.Linear(16, 3)

    def forward(self, x):
        return self.head(self.group(self.stem(x).relu()).relu().mean((2, 3)))


def test_groups_of_a_convolution_stay_groups_when_only_one_is_left():
    network = capture(Quarters().double().eval(), (torch.zeros(2, 2, 4, 4, dtype=torch.float64),), "quarters")
    (group,) = find_groups(network)
    assert (group.width, group.unit) == (8, "group")
    keep = {"stem": torch.arange(8) == 5}
    (thin,) = thin_groups(network, keep)
    assert (thin.name, thin.width, thin.unit) == ("stem", 1, "group")
    members = {(member.tensor, member.axis): member.index.tolist() for member in thin.members}
    assert members["group.weight", 0] == [[0, 1]]
    assert len(find_groups(remove(network, keep))) == 2  # looked at anew it is a plain convolution
