"""Scores of single weights: what every criterion owes, and what OBD's say."""

from functools import cache

import pytest
import torch
from torch import Tensor

from backend.domain.criteria import FisherCriterion, MagnitudeCriterion, ObdCriterion, ObsCriterion, RandomCriterion
from backend.domain.granularities import UnstructuredGranularity
from backend.domain.network import NetworkSummary
from backend.domain.pruning import Prune
from backend.domain.weights import WeightModel
from tests.engine.runs import CPU, small_lenet, zoo_network
from worker.engine.catalogue import WEIGHT_CRITERIA
from worker.engine.inputs import Inputs
from worker.engine.network import Network, summarize
from worker.engine.retraining.losses import cross_entropy
from worker.engine.seeds import named_generator
from worker.engine.trainee import Trainee
from worker.engine.weight_criteria.criterion import WeightEvidence
from worker.engine.weights.layers import find_weight_layers
from worker.engine.weights.signal import WeightSignal

PRUNE = Prune(criterion=MagnitudeCriterion(), granularity=UnstructuredGranularity())
SPECS = [
    FisherCriterion(),
    ObdCriterion(),
    ObdCriterion(curvature="hutchinson"),
    ObsCriterion(),
    MagnitudeCriterion(),
    RandomCriterion(),
]
NETWORKS = {
    "lenet5": cache(small_lenet),
    "resnet20": cache(lambda: zoo_network("resnet20", (1, 16, 16), 4, 0)),
    "lstm": cache(lambda: zoo_network("lstm", (1, 16, 16), 4, 0)),
}


def layers_of(network: Network):
    summary: NetworkSummary = summarize(network)
    return find_weight_layers(network, WeightModel.of(summary, PRUNE))


def test_obd_predicts_the_rise_of_a_quadratic_loss_exactly():
    # Loss 1/2 sum h_k (w_k)^2 at its expansion point: without weight k it rises by 1/2 h_k w_k^2.
    weight, curvature = torch.tensor([[1.0, -2.0, 0.5]]), torch.tensor([[3.0, 1.0, 4.0]])
    (layer,) = layers_of(linear_network(weight))
    evidence = WeightEvidence([layer], {layer.name: weight}, {layer.name: curvature}, torch.Generator())
    scores = WEIGHT_CRITERIA.make(ObdCriterion()).score(evidence)[layer.name]
    for place in range(3):
        without = weight.clone()
        without[0, place] = 0
        rise = ((curvature * weight.square()).sum() - (curvature * without.square()).sum()) / 2
        assert scores[place] == pytest.approx(rise.item())


def linear_network(weight: Tensor) -> Network:
    network = zoo_network("mlp", (1, 1, 3), 1, 0, ())
    return Network(network.graph, {**network.tensors, next(iter(network.tensors)): weight})


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: f"{spec.kind} {getattr(spec, 'curvature', '')}")
@pytest.mark.parametrize("name", NETWORKS)
def test_a_criterion_scores_every_weight_once_by_the_seed_and_changes_nothing(spec, name):
    network = NETWORKS[name]()
    found = []
    for _ in range(2):
        trainee = Trainee(network, CPU)
        found.append(score(spec, trainee, network))
        assert all(
            torch.equal(tensor, network.tensors[key])
            for key, tensor in trainee.network().tensors.items()
            if "running" not in key
        )
    for layer in layers_of(network):
        first, second = (scores[layer.name] for scores in found)
        assert tuple(first.shape) == (layer.size.count,)
        assert bool(torch.isfinite(first).all())
        assert bool((first >= 0).all())
        assert torch.equal(first, second)


def score(spec, trainee: Trainee, network: Network) -> dict[str, Tensor]:
    """Scores after two passes over a few examples."""
    generator, layers = named_generator(3, "criterion"), layers_of(network)
    criterion, signal = WEIGHT_CRITERIA.make(spec), WeightSignal(generator)
    signal.start(
        criterion.reading, {name: trainee.parameters[name] for layer in layers for name in layer.shapes}, trainee.module
    )
    loss_of = signal.watched(cross_entropy)
    inputs = torch.randn(8, 1, 16, 16, generator=torch.Generator().manual_seed(5))
    trainee.module.train()
    for _ in range(2):
        trainee.module.zero_grad(set_to_none=True)
        loss_of(trainee.module(inputs), torch.arange(8) % 4, Inputs.of(inputs)).backward()
    return criterion.score(WeightEvidence(layers, trainee.tensors, signal.stop(), generator))
