"""What histories tell of gates, against sorting all probabilities of a small network."""

import math

import pytest
import torch
from torch import Tensor

from backend.domain.gate_probabilities import GateProbabilities
from backend.domain.regularizers import (
    BayesianCompressionRegularizer,
    L0HardConcreteRegularizer,
    L1MasksRegularizer,
    TargetedDropoutRegularizer,
    VariationalDropoutRegularizer,
)
from tests.engine.grounds import dense, ground_of
from tests.engine.runs import blobs, collect_run, recipe, small_lenet, small_mlp
from worker.engine.catalogue import REGULARIZERS
from worker.engine.gate_probabilities import gate_probabilities
from worker.engine.regularizers.layer_gates import LayerGates
from worker.engine.regularizers.regularizer import Regularizer

QUANTILES = ("minimum", "lower_quartile", "median", "upper_quartile", "maximum")


def column(told: GateProbabilities, place: int) -> list[float | None]:
    return [getattr(told, name)[place] for name in QUANTILES]


def sorted_out(probabilities: Tensor) -> list[float]:
    values = sorted(probabilities.flatten().tolist())
    return [values[math.floor(share * (len(values) - 1))] for share in (0, 0.25, 0.5, 0.75, 1)]


def test_quantiles_are_those_of_all_gates_of_a_layer_to_a_thousandth():
    generator = torch.Generator().manual_seed(0)
    first, second, third = (torch.rand(shape, generator=generator) ** 3 for shape in ((50, 7), (13,), (1,)))
    gates = [
        LayerGates("b", first, first > 0.2),
        LayerGates("c", third, None),
        LayerGates("b", second, second > 0.5),
        LayerGates("untracked", first, None),
    ]
    told = gate_probabilities(["a", "b", "c"], gates)
    assert told is not None
    assert column(told, 0) == [None] * 5
    both = torch.cat([first.flatten(), second])
    assert column(told, 1) == pytest.approx(sorted_out(both), abs=0.0005 + 1e-6)
    assert column(told, 2) == pytest.approx([third.item()] * 5, abs=0.0005 + 1e-6)
    is_open = int((first > 0.2).sum() + (second > 0.5).sum())
    assert told.open_share == (None, is_open / len(both), None)


def test_zero_and_one_are_told_exactly_and_masks_have_no_probabilities():
    told = gate_probabilities(["a", "b"], [LayerGates("a", torch.tensor([0.0, 1.0]), None),
                                           LayerGates("b", None, torch.tensor([True, False, False]))])  # fmt: skip
    assert told is not None
    assert column(told, 0) == [0, 0, 0, 0, 1]
    assert (column(told, 1), told.open_share) == ([None] * 5, (None, 1 / 3))
    assert gate_probabilities(["a"], []) is None


def made(spec: object, seed: int = 0) -> tuple[Regularizer, dict[str, LayerGates]]:
    trainee = dense(small_mlp(seed))
    regularizer = REGULARIZERS.make(spec)(ground_of(trainee))
    return regularizer, {gates.layer: gates for gates in regularizer.take_gates()}


@pytest.mark.parametrize("estimator", ["hard_concrete", "arm", "reinforce", "rebar", "relax"])
def test_gates_of_l0_are_open_as_often_as_they_are_drawn_open(estimator):
    trainee = dense(small_mlp())
    spec = L0HardConcreteRegularizer(estimator=estimator)
    regularizer = REGULARIZERS.make(spec)(ground_of(trainee))
    logits = regularizer.parameters["log_alpha"].data
    logits.copy_(torch.linspace(-3, 3, len(logits)) / (1 if estimator == "hard_concrete" else 7))
    first = regularizer.take_gates()[0]
    assert first.layer == "fc1"
    drawn = torch.stack([regularizer.weights()["fc2.weight"].detach().abs().sum(0) > 0 for _ in range(400)])
    assert first.probabilities is not None
    assert float((drawn.double().mean(0) - first.probabilities).abs().max()) < 0.1
    weight = trainee.tensors["fc2.weight"]
    regularizer.finish()
    assert torch.equal(first.is_open, weight.abs().sum(0) > 0)


def test_noise_counts_as_the_dropout_that_is_as_noisy():
    trainee = dense(small_mlp())
    spec = VariationalDropoutRegularizer(threshold=1.0)
    regularizer = REGULARIZERS.make(spec)(ground_of(trainee))
    name = "fc2.weight"
    weight = trainee.tensors[name].double()
    regularizer.parameters[name].data.copy_(torch.linspace(-9, 3, weight.numel()).view_as(weight))
    alpha = regularizer.parameters[name].detach().double().exp() / (weight.square() + 1e-8)
    alpha = alpha.clamp(math.exp(-8), math.exp(8))
    (gates,) = [gates for gates in regularizer.take_gates() if gates.layer == "fc2"]
    assert gates.probabilities is not None
    torch.testing.assert_close(gates.probabilities.double(), 1 / (1 + alpha), rtol=1e-4, atol=1e-6)
    regularizer.finish()
    assert gates.is_open is not None
    assert int((gates.is_open != (trainee.tensors[name] != 0)).sum()) == 0


def test_scales_masks_and_targeted_channels_tell_what_they_know():
    _, scales = made(BayesianCompressionRegularizer(initial_log_variance=0.0))
    assert all(gates.is_open is None for gates in scales.values())
    assert all(float((gates.probabilities - 0.5).abs().max()) < 0.05 for gates in scales.values())
    assert made(BayesianCompressionRegularizer(prior="horseshoe"))[1] == {}
    regularizer, masks = made(L1MasksRegularizer(threshold=1e3))
    assert all(gates.probabilities is None and bool(gates.is_open.all()) for gates in masks.values())
    regularizer.finish_step(0.1)
    assert not any(bool(gates.is_open.any()) for gates in regularizer.take_gates())
    _, dropped = made(TargetedDropoutRegularizer(targeted=0.3, drop_rate=0.6, course="constant"))
    assert sorted(dropped["fc1"].probabilities.tolist()) == pytest.approx([0.4] * 3 + [1.0] * 7)


GATED = {
    "l0": {"kind": "l0_hard_concrete", "gate_speed": 20.0, "strength": 5.0},
    "weights": {"kind": "variational_dropout", "initial_log_variance": -4.0, "noise_speed": 20.0},
}


@pytest.mark.parametrize("name", GATED)
def test_a_history_tells_of_gates_while_they_are_trained_and_of_nothing_else(name):
    sparsify = {"epochs": 1, "steps_per_record": 2, "regularizer": GATED[name]}
    prune = {"criterion": {"kind": "learned"}, "schedule": {"kind": "one_shot", "training_steps": 1}, "points": 1}
    if name == "weights":
        prune |= {"criterion": {"kind": "magnitude"}, "granularity": {"kind": "unstructured"}}
    result = collect_run(small_lenet(), blobs(), recipe(sparsify=sparsify, prune=prune))
    layers = {"l0": [True, True, True, False], "weights": [True] * 4}[name]
    for record in result.records:
        assert (record.gates is not None) == (record.phase == "sparsify")
        if record.gates is not None:
            assert [value is not None for value in record.gates.median] == layers
            assert [value is not None for value in record.gates.open_share] == layers
    first, *_, last = [record.gates for record in result.records if record.gates is not None]
    assert first != last
