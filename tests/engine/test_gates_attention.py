"""Masks and the Fisher signal where examples are not alone on the first axis: attention, windows, tokens first."""

import pytest
import torch

from tests.engine.constructs import BY_NAME
from tests.engine.masking import build_masked, random_masks
from tests.engine.test_fisher import brute_force, signal_of
from worker.engine.coupling import find_groups
from worker.engine.network import build
from worker.engine.surgery import remove

IMAGES = ["standard_attention", "fused_attention", "window_attention", "explicit_attention", "mixer"]
EXACT = {
    "standard_attention": ["attention", "mlp.0"],
    "fused_attention": ["qkv", "fc1"],
    "window_attention": ["qkv"],
    "explicit_attention": ["stem", "query"],
    "grouped_query_attention": ["q_proj", "gate"],
    "encoder": ["query", "pooler"],
    "causal": ["c_attn"],
    "mixer": ["places1", "channels1"],
    "convolution_blocks": ["wide"],
    "other_norms": ["conv1", "conv2"],
}


@pytest.mark.parametrize("name", IMAGES)
def test_the_fisher_signal_of_attention_equals_the_gradient_of_masks_one_example_at_a_time(name):
    construct = BY_NAME[name]
    network = construct.network()
    (inputs,) = construct.inputs(6)
    labels = torch.arange(6) % 5
    expected = brute_force(network, inputs, labels)
    found = signal_of(network, inputs, labels, [4, 2])
    for group, scores in expected.items():
        assert torch.allclose(found[group].double(), scores, rtol=1e-3, atol=1e-7), group


@pytest.mark.parametrize("name", EXACT)
def test_masking_is_removal_where_it_is_claimed(name):
    construct = BY_NAME[name]
    network = construct.network(torch.float64)
    claimed = {group.name for group in find_groups(network) if not group.inexact}
    assert claimed == set(EXACT[name])
    keep = {
        group: mask if group in claimed else torch.ones_like(mask) for group, mask in random_masks(network, 0.5).items()
    }
    masked, thin = build_masked(network, keep), build(remove(network, keep))
    with torch.no_grad():
        for size in (1, 3):
            inputs = construct.inputs(size, torch.float64)
            assert (masked(*inputs) - thin(*inputs)).abs().max() < 1e-11
