"""Capturing a module and building it again: same answers, same names, trainable."""

import time

import pytest
import torch
from torch import nn
from torch.nn import functional

from backend.domain.errors import FailureCode, JobFailure
from tests.engine.zoo_cases import CASES, LENET5, RESNET20, VGG_SMALL, captured, case_name
from worker.engine.network import build, with_weights


@pytest.mark.parametrize("case", CASES, ids=case_name)
def test_a_built_network_answers_like_the_module_it_was_captured_from(case):
    module, network = case.module(), case.network()
    inputs = case.inputs(3)
    with torch.no_grad():
        assert torch.equal(build(network)(inputs), module(inputs))


@pytest.mark.parametrize("case", CASES, ids=case_name)
def test_names_and_order_of_the_state_dict_survive(case):
    expected = [name for name in case.module().state_dict() if not name.endswith("num_batches_tracked")]
    assert list(case.network().tensors) == expected
    assert list(build(case.network()).state_dict()) == expected


def test_any_batch_size_is_accepted():
    module = build(VGG_SMALL.network())
    assert [module(VGG_SMALL.inputs(count)).shape[0] for count in (1, 2, 7)] == [1, 2, 7]


def test_training_mode_updates_batch_norm_and_evaluation_mode_does_not():
    module = build(VGG_SMALL.network())
    before = module.features.get_submodule("1").running_mean.clone()
    module.eval()(VGG_SMALL.inputs(4))
    assert torch.equal(module.features.get_submodule("1").running_mean, before)
    module.train()(VGG_SMALL.inputs(4))
    assert not torch.equal(module.features.get_submodule("1").running_mean, before)


def test_training_mode_gives_the_gradients_of_the_original_module():
    module, built = RESNET20.module(torch.float64).train(), build(RESNET20.network(torch.float64)).train()
    inputs = RESNET20.inputs(4, torch.float64)
    for network in (module, built):
        functional.cross_entropy(network(inputs), torch.tensor([1, 2, 3, 4])).backward()
    gradients = dict(built.named_parameters())
    for name, parameter in module.named_parameters():
        assert torch.allclose(gradients[name].grad, parameter.grad, rtol=0, atol=1e-12)


class WithDropout(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.drop, self.last = nn.Linear(6, 50), nn.Dropout(0.5), nn.Linear(50, 3)

    def forward(self, x):
        return self.last(self.drop(functional.relu(self.first(x))))


def test_dropout_is_random_in_training_mode_only():
    torch.manual_seed(0)
    module = build(captured(WithDropout(), (6,)))
    inputs = torch.randn(4, 6)
    assert torch.equal(module(inputs), module(inputs))
    module.train()
    assert not torch.equal(module(inputs), module(inputs))


def test_capturing_leaves_the_module_in_its_mode():
    module = WithDropout().train()
    captured(module, (6,))
    assert module.training


class Twice(nn.Module):
    """One convolution and one norm, used two times."""

    def __init__(self):
        super().__init__()
        self.conv, self.norm, self.head = nn.Conv2d(2, 2, 1), nn.BatchNorm2d(2), nn.Linear(2, 2)

    def forward(self, x):
        x = functional.relu(self.norm(self.conv(x)))
        return self.head(functional.relu(self.norm(self.conv(x))).mean((2, 3)))


def test_a_layer_used_twice_stays_one_layer_also_in_training_mode():
    torch.manual_seed(0)
    module = Twice()
    built = build(captured(module, (2, 3, 3)))
    inputs = torch.randn(4, 2, 3, 3)
    assert torch.equal(built.train()(inputs), module.train()(inputs))
    assert torch.equal(built.norm.running_mean, module.norm.running_mean)


class LooseNorm(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.zeros(3))
        self.register_buffer("variance", torch.ones(3))

    def forward(self, x):
        return functional.batch_norm(x, self.mean, self.variance)


class InPlace(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Conv2d(1, 4, 3), nn.Linear(4, 2)

    def forward(self, x):
        x = self.a(x)
        y = functional.relu_(x)
        return self.b((x + y).mean((2, 3)))  # x was overwritten: it is y


def test_operations_in_place_are_captured_with_what_they_overwrite():
    module = InPlace().eval()
    inputs = torch.randn(2, 1, 5, 5)
    assert torch.equal(build(captured(module, (1, 5, 5)))(inputs), module(inputs))


def test_channels_last_inputs_are_accepted():
    module = build(LENET5.network())
    inputs = LENET5.inputs(3)
    expected = module(inputs)
    fast = module.to(memory_format=torch.channels_last)(inputs.to(memory_format=torch.channels_last))
    assert torch.allclose(fast, expected, atol=1e-5)


def test_a_state_dict_without_counters_loads_into_a_built_network():
    network = RESNET20.network()
    build(network).load_state_dict(dict(network.tensors))


def test_weights_come_back_from_a_trained_module():
    network = LENET5.network()
    module = build(network)
    with torch.no_grad():
        module.fc2.bias += 1
    trained = with_weights(network, module)
    assert torch.equal(trained.tensors["fc2.bias"], network.tensors["fc2.bias"] + 1)
    assert trained.graph == network.graph
    module.fc2.bias.data.zero_()
    assert not torch.equal(trained.tensors["fc2.bias"], torch.zeros(10)), "the network must own its tensors"


class Sorting(nn.Module):
    def forward(self, x):
        return torch.sort(x, 1)[0]


@pytest.mark.parametrize(
    ("module", "shape", "message"),
    [
        (Sorting(), (3,), "sort"),
        (nn.ReLU(), (3, 4), "class scores"),
        (LooseNorm(), (3,), "not a layer of its own"),
        (nn.Linear(4, 2), (5,), "does not accept inputs of shape"),
    ],
)
def test_modules_that_cannot_be_represented_are_refused_with_a_sentence(module, shape, message):
    with pytest.raises(JobFailure, match=message) as caught:
        captured(module, shape)
    assert caught.value.code in (FailureCode.UNKNOWN_ARCHITECTURE, FailureCode.UNSUPPORTED_OPERATION)


def test_capturing_is_fast():
    module = RESNET20.module()
    captured(module, RESNET20.input_shape)
    start = time.process_time()
    captured(module, RESNET20.input_shape)
    assert time.process_time() - start < 5
