"""Whole networks as exporters write them: what they compute, which channels go together, removal, training."""

import copy

import numpy as np
import pytest
import torch

from tests.engine import oracle
from tests.engine.constructs import BY_NAME
from tests.intake.onnx.exports import exported
from tests.intake.onnx.models import BATCH, TOLERANCE, theirs, through_disk
from worker.engine.coupling import find_groups
from worker.engine.network import build
from worker.engine.surgery import remove
from worker.intake.onnx import read_onnx

NOT_EXPORTED = {
    "other_norms": "the old exporter makes its LRN a branch, the new one copies statistics for every example",
    "grouped_query_attention": "the old exporter does not know its norm",
    "masked": "the old exporter does not know the exclusive or of booleans and a constant",
}
OLD = sorted(BY_NAME.keys() - NOT_EXPORTED)
NEW = ["squeeze_excitation", "grouped_query_attention", "long_short_term_memory"]
"""The new exporter takes seconds for each."""
FIXED = ["shuffle", "standard_attention", "encoder", "two_inputs", "long_short_term_memory"]
EXACT = ["plain", "residual", "padded_shortcut", "dense_block", "grouped", "shuffle", "squeeze_excitation",
         "inverted_residual", "two_inputs", "long_short_term_memory"]  # fmt: skip
"""Without norms whose statistics change when channels go."""
PARAMETERS = [
    *[pytest.param(name, {}, id=f"{name}-old") for name in OLD],
    *[pytest.param(name, {"is_fixed": True}, id=f"{name}-fixed") for name in FIXED],
    *[pytest.param(name, {"is_dynamo": True}, id=f"{name}-new") for name in NEW],
]


@pytest.mark.parametrize(("name", "options"), PARAMETERS)
def test_an_exported_network_computes_what_onnx_runtime_computes(name, options):
    """Also at batch sizes that the file does not allow, where it fixes one: there each example by itself."""
    data, inputs = exported(name, **options), BY_NAME[name].inputs(BATCH)
    module = build(through_disk(read_onnx(data).network))
    with torch.no_grad():
        answer = oracle.first(module(*inputs)).numpy()
    parts = [[value[at : at + 1] for value in inputs] for at in range(BATCH)] if "is_fixed" in options else [inputs]
    expected = np.concatenate([theirs(data, [value.numpy() for value in part]) for part in parts])
    np.testing.assert_allclose(answer, expected, rtol=TOLERANCE, atol=TOLERANCE)


@pytest.mark.parametrize(("name", "options"), PARAMETERS)
def test_its_channels_go_together_as_those_of_the_network_it_was_made_from(name, options):
    network = read_onnx(exported(name, **options)).network
    found = sorted((group.unit, group.width) for group in find_groups(network))
    captured = sorted((group.unit, group.width) for group in find_groups(BY_NAME[name].network()))
    if name == "long_short_term_memory":
        assert len(found) >= len(captured) > 1  # its layers are nodes of their own, and each can be pruned alone
    else:
        assert found == captured


@pytest.mark.parametrize("name", EXACT)
def test_removal_is_exact(name):
    network = through_disk(read_onnx(exported(name)).network)
    keep = oracle.random_keep(network, 0.5)
    oracle.assert_removal_is_exact(build(network), network, BY_NAME[name].inputs(8), keep)


@pytest.mark.parametrize("name", ["residual", "standard_attention", "encoder", "gated_recurrent", "tied_weights"])
def test_a_pruned_network_learns(name):
    network = through_disk(read_onnx(exported(name)).network)
    module = build(remove(network, oracle.random_keep(network, 0.3)))
    oracle.assert_learns(copy.deepcopy(module), BY_NAME[name].inputs(8))


def test_batch_norms_that_are_folded_into_convolutions_hinder_nothing():
    """The exporter folded every one of them."""
    network = read_onnx(exported("residual")).network
    assert not [node for node in network.graph.nodes if node.target == "aten.batch_norm.default"]
    assert len(find_groups(network)) == len(find_groups(BY_NAME["residual"].network()))


@pytest.mark.parametrize("name", ["residual", "dense_block", "standard_attention", "encoder"])
@pytest.mark.parametrize("options", [{}, {"is_fixed": True}])
def test_layers_keep_the_names_of_the_module_they_come_from(name, options):
    """Weights of two axes or more: vectors may have been folded away or split."""
    module = BY_NAME[name].module()
    network = read_onnx(exported(name, **options)).network
    expected = {key.replace("in_proj_weight", "in_proj.weight") for key, value in module.state_dict().items()
                if value.dim() > 1}  # fmt: skip
    found = {key for key, value in network.tensors.items() if value.dim() > 1}
    assert len(expected & found) >= 0.9 * len(expected), (sorted(expected - found), sorted(found - expected))


def test_tied_weights_stay_one_tensor():
    module = BY_NAME["tied_weights"].module()
    network = read_onnx(exported("tied_weights")).network
    matrices = [tuple(value.shape) for value in network.tensors.values() if value.dim() == 2]
    assert sorted(matrices) == sorted(tuple(value.shape) for value in module.parameters() if value.dim() == 2)


@pytest.mark.parametrize("name", ["standard_attention", "encoder", "convolution_blocks", "inverted_residual"])
def test_what_the_exporter_took_apart_is_whole_again(name):
    """Norms, activations and linear layers with their biases; nothing is left of what they are written out as."""
    network = read_onnx(exported(name)).network
    kinds = {node.target.split(".")[1] for node in network.graph.nodes}
    captured = {node.target.split(".")[1] for node in BY_NAME[name].network().graph.nodes}
    assert kinds & {"layer_norm", "gelu", "silu", "hardswish"} == captured & {"layer_norm", "gelu", "silu", "hardswish"}
    assert not kinds & {"erf", "sqrt", "pow"}
    biased = [node for node in network.graph.nodes if node.target == "aten.linear.default" and len(node.args) > 2]
    assert biased
