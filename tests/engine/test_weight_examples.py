"""Squared gradients of single examples, against gradients taken one example at a time."""

from functools import cache

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from tests.engine.runs import CPU, small_lenet, zoo_network
from tests.engine.zoo_cases import captured
from worker.engine.inputs import Inputs
from worker.engine.network import Network, build
from worker.engine.seeds import named_generator
from worker.engine.trainee import Trainee
from worker.engine.weights.signal import WeightReading, WeightSignal


class Tokens(nn.Module):
    """A linear layer over the rows of an image."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.head = nn.Linear(16, 5), nn.Linear(5, 4)

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.embed(images[:, 0]).tanh().mean(1))


class Unlike(nn.Module):
    """A grouped and a transposed convolution, and a layer that is used twice: their outputs do not tell examples."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.grouped = nn.Conv2d(1, 4, 3, stride=2, padding=1, dilation=2), nn.Conv2d(4, 4, 3, groups=2)
        self.raised = nn.ConvTranspose2d(4, 4, 2, groups=4)
        self.mix, self.head = nn.Linear(4, 4), nn.Linear(4, 4)

    def forward(self, images: Tensor) -> Tensor:
        pooled = self.raised(self.grouped(self.conv(images).relu()).relu()).relu().mean((2, 3))
        return self.head(self.mix(self.mix(pooled).tanh()))


NETWORKS = {
    "lenet5": cache(small_lenet),
    "tokens": cache(lambda: captured(Tokens().eval(), (1, 16, 16))),
    "unlike": cache(lambda: captured(Unlike().eval(), (1, 16, 16))),
    "lstm": cache(lambda: zoo_network("lstm", (1, 16, 16), 4, 0)),
}


def doubled(network: Network) -> Network:
    return Network(network.graph, {name: tensor.double() for name, tensor in network.tensors.items()})


def weights_of(module: nn.Module) -> dict[str, nn.Parameter]:
    return {name: parameter for name, parameter in module.named_parameters() if parameter.dim() > 1}


def loss(logits: Tensor, labels: Tensor, inputs: Inputs) -> Tensor:
    return functional.cross_entropy(logits, labels)


def read(network: Network, batches: list[int], reading: WeightReading = WeightReading.SQUARES) -> dict[str, Tensor]:
    trainee = Trainee(network, CPU)
    trainee.module.eval()
    signal = WeightSignal(named_generator(0, "criterion"))
    signal.start(reading, weights_of(trainee.module), trainee.module)
    loss_of = signal.watched(loss)
    for part, labels in zip(torch.split(INPUTS, batches), torch.split(LABELS, batches), strict=True):
        trainee.module.zero_grad()
        loss_of(trainee.module(part), labels, Inputs.of(part)).backward()
    return signal.stop()


INPUTS = torch.randn(10, 1, 16, 16, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
LABELS = torch.arange(10) % 4


def one_by_one(network: Network, examples: list[int]) -> dict[str, Tensor]:
    module = build(network).eval()
    total = {name: torch.zeros_like(weight) for name, weight in weights_of(module).items()}
    for example in examples:
        module.zero_grad()
        loss(module(INPUTS[example : example + 1]), LABELS[example : example + 1], Inputs.of(INPUTS)).backward()
        for name, weight in weights_of(module).items():
            total[name] += weight.grad.square() / len(examples)
    return total


@pytest.fixture(autouse=True)
def _one_of_four(monkeypatch):
    one_of = {WeightReading.SQUARES: 4, WeightReading.GAUSS_NEWTON: 4}
    monkeypatch.setattr("worker.engine.weights.signal.ONE_OF", one_of)
    monkeypatch.setattr("worker.engine.weights.signal.AT_A_TIME", 1)


@pytest.mark.parametrize("name", NETWORKS)
def test_squares_are_those_of_single_examples(name):
    network = doubled(NETWORKS[name]())
    # of six examples the first two are read, of four the first
    found, expected = read(network, [6, 4]), one_by_one(network, [0, 1, 6])
    assert found.keys() == expected.keys()
    for key, squares in found.items():
        torch.testing.assert_close(squares, expected[key].detach(), rtol=1e-9, atol=1e-16)


@pytest.mark.parametrize("name", NETWORKS)
def test_what_is_read_of_mini_batches_of_one_is_exact_for_every_layer(name, monkeypatch):
    monkeypatch.setattr("worker.engine.weights.signal.ONE_OF", {})
    network = doubled(NETWORKS[name]())
    found, expected = read(network, [1] * 10), one_by_one(network, list(range(10)))
    for key, squares in found.items():
        torch.testing.assert_close(squares, expected[key].detach(), rtol=1e-9, atol=1e-16)


def test_drawn_labels_are_read_of_single_examples_too():
    network = doubled(small_lenet())
    found = read(network, [10] * 1, WeightReading.GAUSS_NEWTON)
    count = 3  # of ten, one of four
    logits = build(network).eval()(INPUTS[:count])
    shares, draws = logits.softmax(1), torch.rand(count, 1, generator=named_generator(0, "criterion"))
    drawn = (shares.float().cumsum(1) < draws).sum(1)
    module = build(network).eval()
    expected = {name: torch.zeros_like(weight) for name, weight in weights_of(module).items()}
    for example in range(count):
        module.zero_grad()
        loss(module(INPUTS[example : example + 1]), drawn[example : example + 1], Inputs.of(INPUTS)).backward()
        for name, weight in weights_of(module).items():
            expected[name] += weight.grad.square() / count
    for key, squares in found.items():
        torch.testing.assert_close(squares, expected[key].detach(), rtol=1e-5, atol=1e-12)
