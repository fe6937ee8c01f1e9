"""Optimal Brain Surgeon against closed forms of a quadratic loss."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from backend.domain.criteria import MagnitudeCriterion, ObsCriterion
from backend.domain.granularities import UnstructuredGranularity
from backend.domain.pruning import Prune
from backend.domain.weights import WeightModel
from tests.engine.runs import blobs, collect_run, recipe, small_lenet, zoo_network
from worker.engine.inputs import Inputs
from worker.engine.network import Network, summarize
from worker.engine.weight_criteria.criterion import WeightEvidence
from worker.engine.weight_criteria.obs import WeightObs
from worker.engine.weights.layers import WeightLayer, find_weight_layers
from worker.engine.weights.signal import PARTS, WeightReading, WeightSignal

COUNT = 6


def case(seed: int = 0, gone: tuple[int, ...] = ()) -> tuple[WeightLayer, WeightEvidence, Tensor]:
    """A layer of six weights with nine gradients, and the matrix H over the weights that are there; float64."""
    network: Network = zoo_network("mlp", (1, 2, 3), 1, 0, ())
    prune = Prune(criterion=MagnitudeCriterion(), granularity=UnstructuredGranularity())
    (layer,) = find_weight_layers(network, WeightModel.of(summarize(network), prune))
    generator = torch.Generator().manual_seed(seed)
    gradients = torch.randn(9, 1, COUNT, generator=generator, dtype=torch.float64)
    weight = torch.randn(1, COUNT, generator=generator, dtype=torch.float64)
    weight[0, list(gone)] = 0
    evidence = WeightEvidence([layer], {layer.name: weight}, {layer.name: gradients}, generator)
    lines = gradients[:, 0] * (weight != 0)
    empirical = lines.T @ lines / 9
    damping = 0.3 * empirical.trace() / (COUNT - len(gone))
    return layer, evidence, empirical + damping * torch.eye(COUNT, dtype=torch.float64)


def best_rise(curvature: Tensor, weight: Tensor, going: list[int]) -> tuple[float, Tensor]:
    """Least rise of `d' H d / 2` with d = -w where weights go, and the d that gives it, from the KKT equations."""
    count = len(weight)
    chosen = torch.eye(count, dtype=torch.float64)[going]
    system = torch.zeros(count + len(going), count + len(going), dtype=torch.float64)
    system[:count, :count] = curvature
    system[:count, count:], system[count:, :count] = chosen.T, chosen
    right = torch.cat([torch.zeros(count, dtype=torch.float64), -weight[going]])
    change = torch.linalg.solve(system, right)[:count]
    return (change @ curvature @ change / 2).item(), change


OBS = WeightObs(ObsCriterion(damping=0.3))


@pytest.mark.parametrize("gone", [(), (1, 4)])
def test_a_score_is_the_least_rise_of_a_quadratic_loss_without_the_weight(gone):
    layer, evidence, curvature = case(gone=gone)
    weight = evidence.tensors[layer.name][0]
    scores = OBS.score(evidence)[layer.name]
    for place in set(range(COUNT)) - set(gone):
        assert scores[place].item() == pytest.approx(best_rise(curvature, weight, [place])[0], rel=1e-9)


@pytest.mark.parametrize(("going", "gone"), [([2], ()), ([0, 3, 5], ()), ([0, 3], (1, 4))])
def test_the_weights_that_stay_change_as_is_best_for_all_that_go(going, gone):
    layer, evidence, curvature = case(gone=gone)
    weight = evidence.tensors[layer.name][0]
    kept = torch.ones(COUNT, dtype=torch.bool)
    kept[[*going, *gone]] = False
    found = OBS.compensated(evidence, {layer.name: kept})[layer.name]
    there = [place for place in range(COUNT) if place not in gone]
    _, change = best_rise(curvature[there][:, there], weight[there], [there.index(place) for place in going])
    assert torch.allclose(found[there], weight[there] + change, atol=1e-12)
    assert bool((found[list(gone) + going] == 0).all())


@pytest.mark.parametrize("seed", range(5))
def test_the_surgeon_loses_less_than_the_damage_and_that_less_than_the_smallest_weight(seed):
    layer, evidence, curvature = case(seed)
    weight = evidence.tensors[layer.name][0]

    def rise_alone(place: int) -> float:
        return (curvature[place, place] * weight[place] ** 2 / 2).item()

    surgeon = OBS.score(evidence)[layer.name].min().item()
    damage = min(rise_alone(place) for place in range(COUNT))
    assert surgeon <= damage <= rise_alone(int(weight.abs().argmin()))


def test_the_weights_of_a_layer_whose_gradients_are_all_zero_cost_nothing():
    """Its H is zero: whatever else it were, other layers would be compared with that."""
    layer, evidence, _ = case()
    dead = replace(evidence, signal={layer.name: torch.zeros_like(evidence.signal[layer.name])})
    assert OBS.score(dead)[layer.name].tolist() == [0.0] * COUNT
    kept = torch.tensor([False, True, True, True, True, True])
    found = OBS.compensated(dead, {layer.name: kept})[layer.name]
    assert torch.equal(found, evidence.tensors[layer.name][0] * kept)


def test_gradients_are_those_of_parts_of_the_mini_batch():
    weight = torch.nn.Parameter(torch.tensor([1.0, 2.0]))
    signal = WeightSignal(torch.Generator())
    signal.start(WeightReading.GRADIENTS, {"weight": weight}, torch.nn.Module())
    inputs = torch.arange(32.0).view(16, 2)
    loss_of = signal.watched(lambda logits, _labels, _inputs: logits.mean())
    loss_of(inputs @ weight, torch.zeros(16), Inputs.of(inputs))
    found = signal.stop()["weight"]
    assert found.shape == (PARTS, 2)
    assert torch.allclose(found, inputs.view(PARTS, 2, 2).mean(1) * 2**0.5)


def test_without_retraining_the_surgeon_keeps_more_of_a_networks_answer_than_magnitude():
    def loss_after(criterion: str) -> float:
        chosen = recipe(
            target={"kind": "sparsity", "sparsity": 0.6},
            prune={
                "criterion": {"kind": criterion},
                "granularity": {"kind": "unstructured"},
                "schedule": {"kind": "one_shot", "training_steps": 4},
                "optimizer": {"kind": "sgd", "learning_rate": 1e-6},
                "points": 1,
            },
            retrain={"epochs": 0},
            dense={"epochs": 30, "steps_per_record": 200, "optimizer": {"kind": "adamw", "learning_rate": 0.003}},
        )
        return collect_run(small_lenet(), blobs(), chosen).points[-1].point.retrained_loss

    assert loss_after("obs") < loss_after("magnitude")
