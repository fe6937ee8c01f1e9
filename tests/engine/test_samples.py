"""Shares of examples, and passes through the network as it answers."""

import pytest
import torch
from torch import nn

from tests.engine.runs import CPU, zoo_network
from worker.engine.samples import Share, answering
from worker.engine.trainee import Trainee


@pytest.mark.parametrize(("one_of", "at_a_time"), [(1, 1), (4, 1), (4, 6), (16, 32)])
@pytest.mark.parametrize("sizes", [[1] * 300, [128] * 40, [50, 50, 7] * 20, [3, 900]])
def test_a_share_is_read_however_the_examples_are_batched(one_of, at_a_time, sizes):
    share, read, seen = Share(one_of, at_a_time), 0, 0
    for size in sizes:
        count = share.take(size)
        assert 0 <= count <= size
        read, seen = read + count, seen + size
        assert seen / one_of <= read <= -(-seen // one_of) + at_a_time


def test_the_first_mini_batch_is_read():
    assert Share(16, 32).take(128) == 32
    assert Share(16, 32).take(5) == 5


def test_norms_answer_by_their_running_statistics_and_nothing_of_training_changes():
    trainee = Trainee(zoo_network("resnet20", (1, 16, 16), 4, 0), CPU)
    module = trainee.module
    inputs = torch.randn(8, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    expected = module.eval()(inputs)
    module.train()
    before = {name: tensor.clone() for name, tensor in trainee.tensors.items()}
    with answering(module):
        torch.testing.assert_close(module(inputs), expected)
    assert all(layer.training for layer in module.modules())
    assert all(torch.equal(tensor, before[name]) for name, tensor in trainee.tensors.items())
    module(inputs)
    assert any(not torch.equal(tensor, before[name]) for name, tensor in trainee.tensors.items())


def test_recurrent_layers_stay_in_training():
    module = nn.Sequential(nn.LSTM(2, 3), nn.Dropout()).train()
    with answering(module):
        assert [layer.training for layer in module] == [True, False]
