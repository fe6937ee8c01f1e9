"""Masks with an L1 penalty: what closes stays closed, and masks become weights."""

import torch

from backend.domain.regularizers import L1MasksRegularizer
from tests.engine.grounds import dense, ground_of
from tests.engine.runs import small_mlp
from worker.engine.network import build
from worker.engine.regularizers.l1_masks import L1Masks
from worker.engine.trainee import Trainee


def masks_of(trainee: Trainee, **settings: object) -> L1Masks:
    return L1Masks(L1MasksRegularizer.model_validate(settings), ground_of(trainee))


def test_masks_of_one_change_nothing_and_pull_by_their_l1_norm():
    trainee = dense(small_mlp())
    regularizer = masks_of(trainee, strength=0.5)
    masks = regularizer.parameters["masks"]
    masks.data[1:3] = torch.tensor([-1.0, 0.0])
    regularizer.add_gradients()
    assert masks.grad.tolist() == [0.5, -0.5, 0.0] + [0.5] * 15
    masks.data.fill_(1.0)
    for name, weight in regularizer.weights().items():
        assert torch.equal(weight, trainee.tensors[name])


def test_a_channel_closes_for_good_when_mask_times_weight_is_small_on_average():
    trainee = dense(small_mlp())
    names = [name for name, tensor in trainee.tensors.items() if tensor.dim() > 1]
    second = trainee.tensors[names[1]]
    second.copy_(torch.where(second < 0, -1.0, 1.0))  # means of one: the mask alone decides
    trainee.tensors[names[2]].copy_(torch.full_like(trainee.tensors[names[2]], 7.0))
    regularizer = masks_of(trainee, threshold=0.1)
    masks = regularizer.parameters["masks"]
    masks.data[:10] = torch.tensor([1.0, -1.0, 0.11, -0.11, 0.09, -0.09, 0.0, 0.5, 0.2, 0.1001])
    regularizer.finish_step(0.1)
    closed = [4, 5, 6]
    assert [index for index in range(18) if masks[index] == 0] == closed
    masks.data[:] = 1.0
    regularizer.finish_step(0.1)
    assert [index for index in range(18) if masks[index] == 0] == closed
    again = masks_of(trainee, threshold=0.1)
    again.restore(regularizer.state())
    again.finish_step(0.1)
    assert [index for index in range(18) if again.parameters["masks"][index] == 0] == closed


def test_masks_end_as_weights_and_their_means_as_scores():
    trainee = dense(small_mlp())
    regularizer = masks_of(trainee)
    values = torch.linspace(0, 1.7, 18)
    regularizer.parameters["masks"].data.copy_(values)
    weights = {name: weight.detach().clone() for name, weight in regularizer.weights().items()}
    inputs = torch.randn(3, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    expected = torch.func.functional_call(build(trainee.network()), weights, (inputs,))
    scores = regularizer.finish()
    torch.testing.assert_close(build(trainee.network())(inputs), expected)
    first, second = trainee.groups
    name = next(member.tensor for member in first.members if not member.makes and member.axis == 1)
    torch.testing.assert_close(scores[first.name], trainee.tensors[name].abs().mean(0))
    assert scores[first.name][0] == 0
    assert len(scores[second.name]) == second.width
