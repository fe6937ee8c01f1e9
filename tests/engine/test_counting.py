"""Counts, worked by hand."""

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from backend.domain.thinning import SizeModel
from tests.engine.constructs import BY_NAME, CONSTRUCTS, construct_name
from tests.engine.masking import random_masks
from tests.engine.zoo_cases import CASES, LENET5, LENET300, RESNET20, VGG16, VGG_SMALL, captured, case_name
from worker.engine.counting import count_layers, count_macs, count_parameters
from worker.engine.network import summarize
from worker.engine.surgery import remove
from worker.zoo import build_architecture


def test_lenet5_layers_as_worked_by_hand():
    layers = {layer.name: layer for layer in count_layers(LENET5.network())}
    assert {name: layer.macs for name, layer in layers.items()} == {
        "conv1": 24 * 24 * 20 * 25,
        "conv2": 8 * 8 * 50 * 20 * 25,
        "fc1": 800 * 500,
        "fc2": 500 * 10,
    }
    assert {name: layer.parameters for name, layer in layers.items()} == {
        "conv1": 20 * 25 + 20,
        "conv2": 50 * 20 * 25 + 50,
        "fc1": 800 * 500 + 500,
        "fc2": 500 * 10 + 10,
    }
    assert [(layer.in_width, layer.width, layer.kernel, layer.output_size) for layer in layers.values()] == [
        (1, 20, (5, 5), (24, 24)),
        (20, 50, (5, 5), (8, 8)),
        (800, 500, (), ()),
        (500, 10, (), ()),
    ]


@pytest.mark.parametrize(
    ("case", "macs", "parameters"),
    [
        (LENET300, 784 * 300 + 300 * 100 + 100 * 10, 266_200 + 410),
        (LENET5, 288_000 + 1_600_000 + 400_000 + 5_000, 430_500 + 580),
        # the published ResNet-20 has 0.27 M parameters and 41 M multiply-adds
        (RESNET20, 40_813_184, 272_474),
        # 313 M multiply-adds and 14.7 M parameters, as usually quoted for CIFAR-10
        (VGG16, 313_201_664, 14_728_266),
    ],
    ids=["lenet300", "lenet5", "resnet20", "vgg16_bn"],
)
def test_totals_of_the_literature(case, macs, parameters):
    assert (count_macs(case.network()), count_parameters(case.network())) == (macs, parameters)


def test_layers_sum_to_the_totals():
    for case in (LENET5, VGG_SMALL, RESNET20):
        layers = count_layers(case.network())
        assert sum(layer.macs for layer in layers) == count_macs(case.network())
        assert sum(layer.parameters for layer in layers) == count_parameters(case.network())


def test_the_norm_after_a_convolution_counts_for_it():
    first = count_layers(VGG_SMALL.network())[0]
    assert first.parameters == 16 * 9 + 16 + 2 * 16


def test_a_thinner_network_counts_its_real_widths():
    network = captured(build_architecture("mlp", (6,), 3, (5, 4)), (6,), "mlp")
    thin = remove(network, {"fc1": torch.tensor([True, False, True, True, False])})
    assert count_macs(thin) == 6 * 3 + 3 * 4 + 4 * 3
    assert count_parameters(thin) == (6 * 3 + 3) + (3 * 4 + 4) + (4 * 3 + 3)


@pytest.mark.parametrize("construct", CONSTRUCTS, ids=construct_name)
def test_operations_and_parameters_agree_with_an_independent_counter(construct):
    module = construct.module(torch.float64)  # for which a CPU has no fused recurrent layers, unseen by the counter
    counter = FlopCounterMode(display=False)
    with counter, torch.no_grad(), sdpa_kernel(SDPBackend.MATH):
        module(*construct.inputs(1, torch.float64))
    assert count_macs(construct.network()) == counter.get_total_flops() / 2
    assert count_parameters(construct.network()) == sum(parameter.numel() for parameter in module.parameters())


def test_layers_of_all_kinds_as_worked_by_hand():
    def layers(name):
        found = count_layers(BY_NAME[name].network())
        return {layer.name: (layer.type, layer.in_width, layer.width, layer.parameters, layer.macs) for layer in found}

    assert layers("transposed")["last"] == ("conv", 6, 4, 6 * 2 * 9, 16 * 16 * 6 * 2 * 9)
    assert layers("grouped")["group.0"] == ("conv", 12, 12, 12 * 4 * 9 + 24, 16 * 16 * 12 * 4 * 9)
    lstm = 4 * 8 * (6 + 8 + 2) + 4 * 8 * (8 + 8 + 2)
    assert layers("long_short_term_memory")["lstm"] == ("recurrent", 6, 8, lstm, 7 * (lstm - 2 * 4 * 8 * 2))
    assert layers("long_short_term_memory")["embed"] == ("embedding", 11, 6, 66, 0)
    assert layers("causal")["c_attn"] == ("linear", 12, 36, 12 * 36 + 36, 7 * 12 * 36)
    assert layers("tied_weights")["wide"] == ("linear", 8, 12, 8 * 12 + 12, 2 * 7 * 8 * 12)


@pytest.mark.parametrize("case", CASES, ids=case_name)
def test_the_counts_that_the_web_foresees_are_those_of_a_real_removal(case):
    network = case.network()
    keep = random_masks(network, 0.4)
    foreseen = SizeModel.of(summarize(network)).counts({name: int(mask.sum()) for name, mask in keep.items()})
    thin = remove(network, keep)
    assert (foreseen.macs, foreseen.parameters) == (count_macs(thin), count_parameters(thin))


def test_the_summary_names_each_layers_group_and_leaves_the_classifier_out():
    summary = summarize(RESNET20.network())
    groups = {layer.name: layer.group for layer in summary.layers}
    assert groups["layer1.2.conv2"] == "conv1"
    assert groups["layer2.0.shortcut.0"] == "layer2.0.conv2"
    assert groups["linear"] is None
    assert (summary.macs, summary.parameters) == (40_813_184, 272_474)
    assert {group.name for group in summary.groups} == {group for group in groups.values() if group}
