"""Attention, token mixing and their norms: what goes together, and that removal is what the dense network says."""

import pytest
import torch
from torch import Tensor, nn

from tests.engine import oracle
from tests.engine.constructs import BY_NAME
from tests.engine.kept_statistics import over_kept_channels
from worker.engine.coupling import find_groups
from worker.engine.network import build
from worker.engine.surgery import remove

GROUPS = {
    "standard_attention": {"patches": (12, "channel"), "attention": (3, "head"), "mlp.0": (20, "channel")},
    "fused_attention": {"patches": (12, "channel"), "qkv": (3, "head"), "fc1": (20, "channel")},
    "window_attention": {"patches": (12, "channel"), "qkv": (3, "head"), "merge": (10, "channel")},
    "explicit_attention": {"stem": (12, "channel"), "query": (3, "head")},
    "grouped_query_attention": {"embed": (16, "channel"), "q_proj": (2, "head"), "gate": (24, "channel")},
    "encoder": {"words": (12, "channel"), "query": (3, "head"), "pooler": (12, "channel")},
    "causal": {"wte": (12, "channel"), "c_attn": (3, "head")},
    "masked": {"embed": (12, "channel"), "query": (3, "head"), "up": (20, "channel")},
    "mixer": {"stem": (12, "channel"), "places1": (10, "channel"), "channels1": (10, "channel")},
    "convolution_blocks": {"stem": (8, "channel"), "wide": (16, "channel")},
    "tied_weights": {"embed": (8, "channel"), "wide": (12, "channel")},
    "long_short_term_memory": {"embed": (6, "channel"), "lstm": (8, "hidden")},
    "gated_recurrent": {"embed": (6, "channel"), "gru": (7, "hidden")},
    "other_norms": {"conv1": (2, "group"), "conv2": (6, "channel")},
}
pytestmark = pytest.mark.filterwarnings("ignore:The tensor attributes")  # tracing an LSTM flattens its weights
NAMES = pytest.mark.parametrize("name", GROUPS)


@NAMES
def test_heads_channels_and_hidden_units_are_found(name):
    found = {group.name: (group.width, group.unit) for group in find_groups(BY_NAME[name].network())}
    assert found == GROUPS[name]


@NAMES
@pytest.mark.parametrize("dtype", oracle.TOLERANCES, ids=str)
@pytest.mark.parametrize("sparsity", [0.3, 0.5])
def test_the_thinner_network_answers_what_the_dense_one_does_without_what_was_cut(name, sparsity, dtype):
    construct = BY_NAME[name]
    network = construct.network(dtype)
    keep = oracle.random_keep(network, sparsity)
    dense = over_kept_channels(construct.module(dtype))
    reference = oracle.silenced(dense, _of_the_module(dense, oracle.kept_elements(network, keep)))
    thin = build(remove(network, keep))
    inputs = construct.inputs(max(oracle.BATCH_SIZES), dtype)
    for size in oracle.BATCH_SIZES:
        batch = [value[:size] for value in inputs]
        with torch.no_grad():
            error = oracle.difference(reference(*batch), thin(*batch))
        assert error <= oracle.TOLERANCES[dtype], f"off by {error:.2g} at batch {size}"


def _of_the_module(dense: nn.Module, kept: dict[str, Tensor]) -> dict[str, Tensor]:
    """What was kept of the module's own tensors; constants of the graph are not among them."""
    return {name: mask for name, mask in kept.items() if name in dense.state_dict()}


@NAMES
def test_the_thinner_network_learns(name):
    construct = BY_NAME[name]
    network = construct.network()
    thin = build(remove(network, oracle.random_keep(network, 0.5)))
    for module in thin.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
        if isinstance(module, nn.RNNBase):
            module.dropout = 0.0
    oracle.assert_learns(thin, construct.inputs(8))
