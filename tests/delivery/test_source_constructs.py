"""The source of networks of every construct: it computes the same in both modes, bit by bit, with the same names."""

import pytest
import torch

from tests.delivery.test_source import emitted, execute, written
from tests.engine.constructs import BY_NAME, CONSTRUCTS, construct_name
from worker.engine.network import build


def _all(answer):
    return answer if isinstance(answer, tuple) else (answer,)


@pytest.mark.parametrize("construct", CONSTRUCTS, ids=construct_name)
def test_the_source_computes_the_same_in_both_modes(construct):
    network = construct.network()
    written, built = emitted(network), build(network)
    names = {name for name in written.state_dict() if not name.endswith("num_batches_tracked")}
    assert names == set(network.tensors)
    for is_training in (False, True):
        inputs = construct.inputs(3)
        answers = []
        for module in (written.train(is_training), built.train(is_training)):
            torch.manual_seed(4)
            answers.append(_all(module(*inputs)))
        for got, expected in zip(*answers, strict=True):
            assert torch.equal(got, expected)


@pytest.mark.parametrize("name", ["standard_attention", "long_short_term_memory", "transposed", "auxiliary"])
def test_no_operation_is_left_in_the_words_of_the_tracer(name):
    assert "torch.ops" not in written(BY_NAME[name].network())


def test_loose_tensors_are_reached_by_their_path():
    source = written(BY_NAME["standard_attention"].network())
    assert 'F.linear(x, self.attention["in_proj_weight"], self.attention["in_proj_bias"])' in source
    assert 'x = self.attention["out_proj"](' in source or '= self.attention["out_proj"](u)' in source
    assert "self.class_token = nn.Parameter(torch.empty((1, 1, 12), dtype=torch.float32))" in source


def test_recurrent_layers_are_called_with_their_input_alone():
    source = written(BY_NAME["long_short_term_memory"].network())
    assert "self.lstm = nn.LSTM(6, 8, num_layers=2, batch_first=True, dropout=0.2)" in source
    assert "x = self.lstm(x)\n        x = x[0]" in source


def test_several_inputs_and_outputs_stand_in_the_signature():
    assert "def forward(self, image: Tensor, vector: Tensor) -> Tensor:" in written(BY_NAME["two_inputs"].network())
    source = written(BY_NAME["auxiliary"].network())
    assert "def forward(self, x: Tensor) -> tuple[Tensor, ...]:" in source
    assert "First output: class scores (N, 5)" in source


def test_integer_inputs_are_said_to_be_so():
    source = written(BY_NAME["encoder"].network())
    first, second = (info.name for info in BY_NAME["encoder"].network().graph.inputs)
    assert f"Inputs: `{first}` int64 (N, *INPUT_SHAPES['{first}']), `{second}` int64" in source
    execute(source)
