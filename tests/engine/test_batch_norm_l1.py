"""Network slimming: the penalty on the scales of batch norms, and networks that have none."""

import pytest
import torch

from backend.domain.errors import JobFailure
from backend.domain.regularizers import BatchNormL1Regularizer
from tests.engine.constructs import BY_NAME
from tests.engine.grounds import dense, ground_of
from tests.engine.runs import small_lenet
from worker.engine.batch_norms import batch_norm_scales
from worker.engine.regularizers.batch_norm_l1 import BatchNormL1
from worker.engine.trainee import Trainee


def slimming(trainee: Trainee, **settings: object) -> BatchNormL1:
    return BatchNormL1(BatchNormL1Regularizer.model_validate(settings), ground_of(trainee))


def scales(trainee: Trainee) -> dict[str, torch.nn.Parameter]:
    names = batch_norm_scales(trainee.network())
    return {name: parameter for name, parameter in trainee.parameters.items() if name in names}


def test_the_sign_of_every_scale_is_added_to_its_gradient():
    trainee = dense(BY_NAME["residual"].network())
    found = scales(trainee)
    assert len(found) > 2
    for index, scale in enumerate(found.values()):
        scale.data[index % len(scale)] *= -1
        scale.data[-1] = 0
    slimming(trainee, strength=0.03).penalty().backward()
    for scale in found.values():
        torch.testing.assert_close(scale.grad, 0.03 * scale.detach().sign())
    assert all(parameter.grad is None for name, parameter in trainee.parameters.items() if name not in found)


def test_the_proximal_step_leaves_exact_zeros_and_no_penalty():
    trainee = dense(BY_NAME["residual"].network())
    before = {name: scale.detach().clone() for name, scale in scales(trainee).items()}
    regularizer = slimming(trainee, strength=2.0, step="proximal")
    assert float(regularizer.penalty()) == 0
    regularizer.finish_step(0.4)
    for name, scale in scales(trainee).items():
        expected = before[name].sign() * (before[name].abs() - 0.8).clamp_min(0)
        torch.testing.assert_close(scale.detach(), expected)
    assert any(bool((scale == 0).any()) for scale in scales(trainee).values())


def test_a_network_without_batch_norm_is_refused_and_gates_are_offered():
    with pytest.raises(JobFailure, match="No batch norm") as failure:
        slimming(dense(small_lenet()))
    assert "l0_hard_concrete" in failure.value.hint
