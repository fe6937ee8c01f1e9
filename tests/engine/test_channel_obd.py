"""Optimal Brain Damage of whole channels, against true second derivatives of a tiny network."""

from itertools import product

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from backend.domain.criteria import ObdCriterion
from tests.engine.runs import CPU, recipe
from worker.engine.catalogue import CRITERIA
from worker.engine.criteria.criterion import Evidence
from worker.engine.inputs import Inputs
from worker.engine.network import Network, capture, summarize
from worker.engine.removal import ChannelRemoval
from worker.engine.seeds import named_generator
from worker.engine.trainee import Trainee
from worker.engine.weights.signal import WeightSignal

INPUTS = torch.randn(6, 1, 3, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
LABELS = torch.tensor([0, 1, 2, 0, 1, 2])


def convolutional(width: int = 2) -> Network:
    """A smooth network with one group of channels, whose layer has four weights for each."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        first, last = nn.Conv2d(1, width, 2), nn.Linear(4 * width, 3)
    return capture(nn.Sequential(first, nn.Tanh(), nn.Flatten(), last).double().eval(), (INPUTS[:2],), "tiny")


def loss_of(logits: Tensor, labels: Tensor, inputs: Inputs) -> Tensor:
    """In the precision of the logits."""
    return functional.cross_entropy(logits, labels)


def true_scores(trainee: Trainee) -> tuple[Tensor, Tensor]:
    """Sums over each channel of half the second derivative times the square of the weight: Hessian, Gauss-Newton."""
    weight = trainee.parameters["0.weight"]
    scores = trainee.module(INPUTS)
    shares = scores.detach().softmax(1)
    pull = torch.diag_embed(shares) - shares[:, :, None] * shares[:, None, :]
    (slope,) = torch.autograd.grad(functional.cross_entropy(scores, LABELS), weight, create_graph=True)
    rows = [torch.autograd.grad(entry, weight, retain_graph=True)[0].flatten() for entry in slope.flatten()]
    lines = [torch.autograd.grad(entry, weight, retain_graph=True)[0].flatten() for entry in scores.flatten()]
    jacobian = torch.stack(lines).view(*scores.shape, -1)
    gauss_newton = torch.einsum("nik,nij,njk->k", jacobian, pull, jacobian) / len(LABELS)
    squares = weight.detach().square() / 2
    diagonals = (torch.stack(rows).diagonal(), gauss_newton)
    hessian, positive = ((diagonal.view_as(weight) * squares).flatten(1).sum(1) for diagonal in diagonals)
    return hessian, positive


def scores_of(spec: ObdCriterion, trainee: Trainee, batches: int) -> Tensor:
    criterion, generator = CRITERIA.make(spec), named_generator(0, "criterion")
    signal = WeightSignal(generator)
    signal.start(criterion.needs.curvature, {"0.weight": trainee.parameters["0.weight"]}, trainee.module)
    watched = signal.watched(loss_of)
    for _ in range(batches):
        watched(trainee.module(INPUTS), LABELS, Inputs.of(INPUTS))
    evidence = Evidence(trainee.groups, trainee.tensors, {}, generator, curvature=signal.stop())
    return criterion.score(evidence)["0"]


@pytest.fixture
def _every_example(monkeypatch):
    """Without a share, estimates are exact but for what is drawn."""
    monkeypatch.setattr("worker.engine.weights.signal.ONE_OF", {})


@pytest.mark.usefixtures("_every_example")
def test_hutchinson_over_all_signs_gives_the_true_second_derivatives_of_each_channel(monkeypatch):
    trainee = Trainee(convolutional(), CPU)
    draws = product((-1.0, 1.0), repeat=8)
    monkeypatch.setattr("worker.engine.weights.signal._signs", lambda *_: torch.tensor(next(draws)))
    found = scores_of(ObdCriterion(curvature="hutchinson"), trainee, 2**8)
    torch.testing.assert_close(found, true_scores(trainee)[0].abs(), rtol=1e-9, atol=0.0)


@pytest.mark.usefixtures("_every_example")
def test_gauss_newton_estimates_its_matrix_and_not_the_hessian():
    trainee = Trainee(convolutional(), CPU)
    hessian, expected = true_scores(trainee)
    found = scores_of(ObdCriterion(), trainee, 400)
    torch.testing.assert_close(found, expected, rtol=0.1, atol=0.0)
    assert not torch.allclose(found, hessian, rtol=0.2, atol=0.0)


@pytest.mark.usefixtures("_every_example")
def test_the_channel_with_the_least_rise_goes_though_its_weights_are_the_largest():
    tensors = {name: tensor.clone() for name, tensor in convolutional(width=4).tensors.items()}
    tensors["0.weight"][2] *= 10.0
    tensors["3.weight"][:, 8:12] *= 0.01  # what reads it
    network = Network(convolutional(width=4).graph, tensors)
    trainee = Trainee(network, CPU)
    assert int(trainee.tensors["0.weight"].flatten(1).norm(dim=1).argmax()) == 2
    assert int(true_scores(trainee)[1].argmin()) == 2
    chosen = recipe(target={"kind": "sparsity", "sparsity": 0.25}, prune={"criterion": {"kind": "obd"}})
    removal = ChannelRemoval(trainee, summarize(network), chosen, named_generator(0, "criterion"))
    removal.start_reading()
    watched = removal.watched(loss_of)
    for _ in range(200):
        watched(trainee.module(INPUTS), LABELS, Inputs.of(INPUTS))
    assert removal.remove(0.75, None) == ("0:2",)
