"""L0 gates of single weights: what an open one costs, how they are drawn, and what they leave."""

import math

import pytest
import torch
from torch import Tensor

from backend.domain.regularizers import L0HardConcreteRegularizer
from tests.engine.grounds import dense, ground_of
from tests.engine.runs import blobs, collect_run, recipe, small_lenet, small_mlp
from worker.engine.regularizers.l0 import L0
from worker.engine.trainee import Trainee

EDGE = math.log(1 / 11)
ARM = {"estimator": "arm", "initial_drop_rate": 0.3}


def l0(trainee: Trainee, pins: tuple[str, ...] = (), **settings: object) -> L0:
    spec = L0HardConcreteRegularizer.model_validate({"gated": "weights"} | settings)
    return L0(spec, ground_of(trainee, pins=pins))


def matrices(trainee: Trainee) -> dict[str, Tensor]:
    return {name: tensor for name, tensor in trainee.tensors.items() if tensor.dim() > 1}


def test_the_penalty_is_the_expected_number_of_weights_and_their_squares_with_its_gradients():
    trainee = dense(small_lenet())
    regularizer = l0(trainee, strength=3.0, weight_decay=0.2, layer_factors=["conv2=10"])
    log_alpha = regularizer.parameters["log_alpha"]
    log_alpha.data.uniform_(-2, 2)
    for parameter in trainee.parameters.values():
        parameter.grad = torch.zeros_like(parameter)
    value = regularizer.penalty()
    regularizer.add_gradients()

    logits = log_alpha.detach().double().requires_grad_()
    weights = {name: tensor.double().requires_grad_() for name, tensor in matrices(trainee).items()}
    parts = torch.split(logits, [weight.numel() for weight in weights.values()])
    total = torch.zeros((), dtype=torch.float64)
    for (name, weight), part in zip(weights.items(), parts, strict=True):
        price = 3.0 / 100 * (10 if name == "conv2.weight" else 1)
        is_open = 1 / (1 + (-(part - 2 / 3 * math.log(0.1 / 1.1))).exp())
        total = total + (is_open * (price + 0.1 * weight.flatten().square())).sum()
    total.backward()
    assert float(value) == pytest.approx(float(total.detach()), rel=1e-5)
    torch.testing.assert_close(log_alpha.grad.double(), logits.grad, rtol=1e-4, atol=1e-7)
    for name, weight in weights.items():
        torch.testing.assert_close(trainee.parameters[name].grad.double(), weight.grad, rtol=1e-4, atol=1e-8)


def test_operations_are_what_each_weight_takes_on_the_scale_of_weights():
    trainee = dense(small_lenet())
    found = l0(trainee, strength=100.0, weight_decay=0.0, counted="macs")
    sizes = {name: weight.numel() for name, weight in matrices(trainee).items()}
    places = dict(zip(sizes, (12 * 12, 2 * 2, 1, 1), strict=True))  # of 5 x 5 kernels on 16 x 16, pooled between
    mean = sum(places[name] * count for name, count in sizes.items()) / sum(sizes.values())
    found.parameters["log_alpha"].data.fill_(50.0)  # all open: the penalty is the sum of what they stand for
    assert float(found.penalty()) == pytest.approx(sum(sizes.values()), rel=1e-5)
    found.parameters["log_alpha"].data.zero_()
    found.penalty()
    found.add_gradients()
    slopes = [float(part[0]) for part in torch.split(found.parameters["log_alpha"].grad, list(sizes.values()))]
    assert [slope / slopes[-1] for slope in slopes] == pytest.approx([float(value) for value in places.values()])
    middle = 1 / (1 + math.exp(2 / 3 * math.log(0.1 / 1.1)))
    assert slopes[-1] == pytest.approx(middle * (1 - middle) / mean, rel=1e-4)


def test_every_weight_is_drawn_by_itself_as_often_as_its_gate_says():
    trainee = dense(small_mlp())
    regularizer = l0(trainee)
    log_alpha = regularizer.parameters["log_alpha"]
    with torch.no_grad():
        log_alpha.copy_(torch.linspace(-3, 3, len(log_alpha)))
    rounds = 60
    zeros = torch.zeros(len(log_alpha))
    for _ in range(rounds):
        zeros += torch.cat([weight.detach().flatten() == 0 for weight in regularizer.weights().values()])
    expected = 1 - torch.sigmoid(log_alpha.detach() - 2 / 3 * math.log(0.1 / 1.1))
    error = (zeros / rounds - expected) / (expected * (1 - expected) / rounds).sqrt()
    assert abs(float(error.mean())) < 4 / len(error) ** 0.5
    assert float(error.square().mean()) == pytest.approx(1.0, abs=0.15)  # as independent draws spread


@pytest.mark.parametrize("settings", [{}, ARM])
def test_gates_that_are_closed_at_the_end_are_zeros_and_pinned_layers_have_none(settings):
    trainee = dense(small_mlp())
    before = {name: tensor.clone() for name, tensor in matrices(trainee).items()}
    regularizer = l0(trainee, pins=("fc2",), **settings)
    parameter = regularizer.parameters["log_alpha"]
    assert len(parameter) == before["fc1.weight"].numel() + before["fc3.weight"].numel()
    with torch.no_grad():
        parameter.copy_(torch.where(torch.arange(len(parameter)) % 2 == 0, EDGE - 1e-3, 1.0))
    assert regularizer.finish() == {}
    after = matrices(trainee)
    gates = torch.ones(()) if settings else torch.sigmoid(torch.ones(())) * 1.2 - 0.1
    for name in ("fc1.weight", "fc3.weight"):
        old, new = before[name].flatten(), after[name].flatten()
        assert not new[::2].any()
        torch.testing.assert_close(new[1::2], old[1::2] * gates)
    assert torch.equal(after["fc2.weight"], before["fc2.weight"])


def test_a_run_tells_the_gates_of_every_layer_as_they_close_and_ends_at_its_target():
    chosen = recipe(
        target={"kind": "sparsity", "sparsity": 0.3},
        prune={
            "criterion": {"kind": "magnitude"},
            "granularity": {"kind": "unstructured"},
            "schedule": {"kind": "one_shot", "training_steps": 1},
            "points": 1,
        },
        sparsify={
            "epochs": 2,
            "regularizer": {"kind": "l0_hard_concrete", "gated": "weights", "strength": 30.0, "gate_speed": 300.0},
            "steps_per_record": 3,
            "optimizer": {"kind": "adamw"},
        },
    )
    whole = collect_run(small_mlp(), blobs(), chosen)
    told = [record.gates for record in whole.records if record.gates is not None]
    first, last = (torch.tensor(gates.median) for gates in (told[0], told[-1]))
    assert len(last) == 3
    assert bool((last < first).all())
    assert whole.points[-1].point.sparsity == pytest.approx(0.3, abs=1e-3)
