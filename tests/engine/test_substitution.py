"""Other tensors in place of parameters, for one forward pass."""

import pytest
import torch

from tests.engine.constructs import BY_NAME
from worker.engine.network import build
from worker.engine.substitution import Substitution


@pytest.mark.parametrize("name", ["plain", "tied_weights", "residual", "long_short_term_memory"])
def test_the_answer_is_that_of_a_network_with_those_tensors(name):
    construct = BY_NAME[name]
    module = build(construct.network(torch.float64))
    before = {key: parameter.detach().clone() for key, parameter in module.named_parameters()}
    inputs = construct.inputs(3, torch.float64)
    own = module(*inputs)
    weights = {key: 1.5 * value for key, value in before.items() if value.dim() > 1}
    found = Substitution(module)(weights, *inputs)
    expected = torch.func.functional_call(module, weights, inputs)
    assert torch.equal(found, expected)
    assert not torch.equal(found, own)
    assert all(torch.equal(parameter, before[key]) for key, parameter in module.named_parameters())
    assert torch.equal(module(*inputs), own)


def test_parameters_are_back_after_a_failure():
    module = torch.nn.Linear(3, 2)
    weight = module.weight
    with pytest.raises(RuntimeError):
        Substitution(module)({"weight": torch.ones(2, 3)}, torch.ones(5))
    assert module.weight is weight
