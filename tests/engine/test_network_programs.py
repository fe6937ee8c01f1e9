"""Programs exported while training, or decomposed into smaller operations, are the same networks."""

import pytest
import torch
from torch import nn

from backend.domain.errors import FailureCode, JobFailure
from tests.engine.constructs import BY_NAME
from worker.engine.network import build, capture
from worker.engine.network.draft import to_network
from worker.engine.network.program import draft_program


def _program(construct, module):
    batch = torch.export.Dim("batch")
    shapes = tuple({0: batch} for _ in construct.takes)
    return torch.export.export(module, construct.inputs(2), dynamic_shapes=shapes, strict=False)


@pytest.mark.parametrize("name", ["residual", "other_norms", "fused_attention"])
def test_a_program_exported_while_training_evaluates_like_the_module(name):
    construct = BY_NAME[name]
    module = construct.module().train()
    before = {key: value.clone() for key, value in module.state_dict().items()}
    program = _program(construct, module)
    module.load_state_dict(before)
    built = build(to_network(draft_program(program), name))
    assert torch.equal(built(*construct.inputs(3)), module.eval()(*construct.inputs(3)))


def test_attention_with_dropout_is_random_while_training_only():
    construct = BY_NAME["fused_attention"]
    built = build(to_network(draft_program(_program(construct, construct.module().train())), "attention"))
    inputs = construct.inputs(2)
    assert torch.equal(built(*inputs), built(*inputs))
    assert not torch.equal(built.train()(*inputs), built(*inputs))


@pytest.mark.filterwarnings("ignore::FutureWarning")  # of torch about itself
@pytest.mark.parametrize("is_training", [False, True])
def test_decomposed_layers_become_layers_again(is_training):
    construct = BY_NAME["residual"]
    module = construct.module().train(is_training)
    program = _program(construct, module).run_decompositions()
    built = build(to_network(draft_program(program), "residual"))
    kinds = [type(layer) for layer in built.modules()]
    assert (kinds.count(nn.Conv2d), kinds.count(nn.BatchNorm2d), kinds.count(nn.Linear)) == (6, 6, 1)
    inputs = construct.inputs(3)
    assert torch.allclose(built(*inputs), module.eval()(*inputs), atol=1e-6)


class _Unsupported(nn.Module):
    def forward(self, x):
        return torch.sort(x, 1)[0] + torch.kthvalue(x, 1, dim=1, keepdim=True)[0]


def test_all_unsupported_operations_are_named_at_once_with_their_places():
    with pytest.raises(JobFailure, match=r"aten\.sort.*test_network_programs\.py:\d+.*aten\.kthvalue") as caught:
        capture(_Unsupported(), (torch.zeros(2, 2),), "test")
    assert caught.value.code is FailureCode.UNSUPPORTED_OPERATION


class _Branching(nn.Module):
    def forward(self, x):
        return torch.cond(x.sum() > 0, lambda value: value + 1, lambda value: value - 1, (x,))


def test_control_flow_is_refused_by_name():
    with pytest.raises(JobFailure, match="`cond`"):
        capture(_Branching(), (torch.zeros(2, 2),), "test")


def test_inputs_without_a_common_batch_are_refused_by_name():
    with pytest.raises(JobFailure, match=r"`1` \(3, 5\)"):
        capture(BY_NAME["two_inputs"].module(), (torch.zeros(2, 3, 8, 8), torch.zeros(3, 5)), "test")


class _Summed(nn.Module):
    def forward(self, x):
        return x + 1, x.sum(0)


def test_an_output_that_is_not_a_batch_is_refused_by_name():
    with pytest.raises(JobFailure, match=r"`sum_1` is \(3,\).*must be the batch"):
        capture(_Summed(), (torch.zeros(2, 3),), "test")


class _Writing(nn.Module):
    """Writes into a slice of a value that is read again, and into a view."""

    def forward(self, x):
        y = x * 2
        y[:, 1:] += 1
        z = y.view(-1, 2, 2)
        z.mul_(3)
        return y - x


def test_writes_to_views_are_followed():
    inputs = torch.randn(3, 4)
    assert torch.equal(build(capture(_Writing(), (inputs,), "test"))(inputs), _Writing()(inputs))
