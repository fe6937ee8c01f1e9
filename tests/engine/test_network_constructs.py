"""Networks of every construct: captured, stored, read and built again they answer as before, and learn as before."""

import pytest
import torch
from torch import nn

from tests.engine.constructs import BY_NAME, CONSTRUCTS, construct_name
from worker.engine.graph import Network
from worker.engine.network import build, dump, load

_DTYPE = torch.float64


def _first(answer):
    return answer[0] if isinstance(answer, tuple) else answer


@pytest.mark.parametrize("construct", CONSTRUCTS, ids=construct_name)
def test_what_was_stored_and_read_answers_like_the_module_bit_by_bit(construct):
    module = construct.module()
    network = load(dump(construct.network()))
    built = build(network)
    with torch.no_grad():
        for count in (1, 3):
            inputs = construct.inputs(count)
            expected = module(*inputs)
            answer = built(*inputs)
            for got, wanted in zip(_listed(answer), _listed(expected), strict=True):
                assert torch.equal(got, wanted)


def _listed(answer):
    return answer if isinstance(answer, tuple) else (answer,)


@pytest.mark.parametrize("construct", CONSTRUCTS, ids=construct_name)
def test_names_and_values_of_all_tensors_survive(construct):
    state = {name: value for name, value in construct.module().state_dict().items() if "num_batches" not in name}
    built = build(construct.network()).state_dict()
    tied = {"head.weight"} if construct.name == "tied_weights" else set()
    assert state.keys() - tied <= built.keys()
    for name in state.keys() - tied:
        assert torch.equal(built[name], state[name]), name
    assert {name for name in built.keys() - state.keys() if not name.startswith("constant_")} <= {"angles"}


_ASKING_FOR_THE_MODE = {"fused_attention", "standard_attention"}
"""Networks whose Python asks for the mode: an export remembers one of the two."""


@pytest.mark.parametrize("construct", CONSTRUCTS, ids=construct_name)
def test_training_mode_gives_the_gradients_of_the_module(construct):
    module, built = construct.module(_DTYPE).train(), build(construct.network(_DTYPE)).train()
    if construct.name in _ASKING_FOR_THE_MODE:
        module, built = module.eval(), built.eval()
    inputs = construct.inputs(4, _DTYPE)
    for each in (module, built):
        torch.manual_seed(5)
        _first(each(*inputs)).square().sum().backward()
    gradients = {name: value.grad for name, value in module.named_parameters()}
    for name, parameter in built.named_parameters():
        expected = gradients[name]
        if parameter.grad is None:
            assert expected is None, name
        else:
            assert torch.allclose(parameter.grad, expected, rtol=1e-9, atol=1e-11), name


def test_layers_are_the_standard_modules():
    kinds = {
        "volume": {nn.Conv3d, nn.BatchNorm3d, nn.Dropout3d},
        "signal": {nn.Conv1d, nn.ConvTranspose1d, nn.BatchNorm1d},
        "transposed": {nn.ConvTranspose2d},
        "plain": {nn.PReLU, nn.Dropout},
        "other_norms": {nn.GroupNorm, nn.InstanceNorm2d},
        "grouped_query_attention": {nn.RMSNorm, nn.Embedding},
        "convolution_blocks": {nn.LayerNorm},
        "long_short_term_memory": {nn.LSTM},
        "gated_recurrent": {nn.GRU},
    }
    for name, expected in kinds.items():
        found = {type(module) for module in build(BY_NAME[name].network()).modules()}
        assert expected <= found, name


def test_tied_weights_stay_tied():
    network = BY_NAME["tied_weights"].network()
    module = build(network)
    assert [name for name in network.tensors if "embed" in name or "head" in name] == ["embed.weight"]
    module(*BY_NAME["tied_weights"].inputs(2)).sum().backward()
    assert isinstance(module.embed, nn.Embedding)
    assert len([name for name, _ in module.named_parameters()]) == len(list(network.tensors))


def test_one_way_recurrent_layers_start_from_zero_by_themselves():
    module = build(BY_NAME["long_short_term_memory"].network())
    assert not [node for node in module.graph.nodes if "zeros" in node.name]


def test_masks_and_positions_become_buffers():
    network = BY_NAME["window_attention"].network()
    assert [info.shape for info in network.graph.tensors if info.name.startswith("constant_")] == [(1, 4, 1, 4, 4)]
    assert not [node for node in network.graph.nodes if "fill" in node.target]


def test_every_operation_tells_its_place():
    network: Network = BY_NAME["residual"].network()
    places = {node.place for node in network.graph.nodes}
    assert any(place and place.startswith("constructs_images.py:") and "first.1" in place for place in places)


def test_shapes_are_worked_out_once():
    network = BY_NAME["residual"].network()
    assert network.shapes is network.shapes
    assert tuple(network.shapes[network.graph.output].shape) == (1, 5)
