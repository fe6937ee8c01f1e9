"""L0 gates: the distribution, the penalty, and gates that are exactly the weights they are folded into."""

import math

import pytest
import torch
from torch import Tensor, nn

from backend.domain.regularizers import L0HardConcreteRegularizer
from tests.engine.constructs import BY_NAME
from tests.engine.grounds import dense, ground_of
from tests.engine.oracle import random_keep
from tests.engine.runs import blobs, collect_run, recipe, small_lenet
from worker.engine.estimators.gates import draw_noise
from worker.engine.network import Network, build
from worker.engine.regularizers import hard_concrete
from worker.engine.regularizers.channel_gates import ChannelGates
from worker.engine.regularizers.l0 import L0
from worker.engine.regularizers.regularizer import Ground
from worker.engine.surgery import remove
from worker.engine.trainee import Trainee

CLOSING = (
    *("dense_block", "grouped", "shuffle", "squeeze_excitation", "pixel_shuffle", "transposed"),
    *("fused_attention", "grouped_query_attention", "long_short_term_memory", "tied_weights"),
)
READERS = (nn.Conv2d, nn.Linear)


def l0(trainee: Trainee, ground: Ground | None = None, **settings: object) -> L0:
    return L0(L0HardConcreteRegularizer.model_validate(settings), ground or ground_of(trainee))


@pytest.mark.parametrize("log_alpha", [-3.0, -1.0, 0.0, 0.5, 2.0])
def test_gates_are_open_as_often_as_the_formula_says(log_alpha):
    count = 40_000
    noise = draw_noise((count,), torch.Generator().manual_seed(1))
    share = float((hard_concrete.gate(torch.full((count,), log_alpha), noise) > 0).double().mean())
    expected = float(hard_concrete.open_probability(torch.tensor(log_alpha)))
    assert abs(share - expected) < 4 * math.sqrt(expected * (1 - expected) / count)


def test_a_gate_at_zero_is_open_with_the_probability_that_the_paper_implies():
    assert float(hard_concrete.open_probability(torch.zeros(()))) == pytest.approx(0.832, abs=5e-4)


def test_the_final_gate_is_closed_exactly_where_log_alpha_is_at_most_minus_2_398():
    edge = math.log(1 / 11)
    values = torch.tensor([-5.0, edge - 1e-3, edge + 1e-3, 0.0, 2.3, 2.5], dtype=torch.float64)
    gates = hard_concrete.final_gate(values)
    assert (gates == 0).tolist() == [True, True, False, False, False, False]
    assert (gates == 1).tolist() == [False, False, False, False, False, True]
    assert float(gates[3]) == pytest.approx(0.5)


def test_the_gradient_of_the_penalty_is_that_of_the_expected_norm():
    """Against central differences of the formula, written out again with the weights of each channel."""
    trainee = dense(small_lenet())
    regularizer = l0(trainee, strength=3.0, weight_decay=0.2, layer_factors=["conv2=10"])
    log_alpha = regularizer.parameters["log_alpha"]
    log_alpha.data.uniform_(-2, 2)
    for weight in trainee.parameters.values():
        weight.grad = torch.zeros_like(weight)
    value = regularizer.penalty()
    regularizer.add_gradients()
    weights = {name: tensor.double().requires_grad_() for name, tensor in trainee.tensors.items()}
    inputs = weights["fc1.weight"].size(1)
    sizes = {"conv1": 25 + 1 + 8 * 25, "conv2": 6 * 25 + 1 + inputs // 8 * 12, "fc1": inputs + 1 + 4}

    def expected(values: Tensor) -> Tensor:
        total, start = torch.zeros((), dtype=torch.float64), 0
        for group, factor in (("conv1", 1), ("conv2", 10), ("fc1", 1)):
            rows = weights[f"{group}.weight"].flatten(1)
            part = values[start : start + len(rows)]
            start += len(rows)
            cost = factor * 3.0 / 100 * sizes[group] + 0.1 * rows.square().sum(1)
            total = total + (cost / (1 + (-(part - 2 / 3 * math.log(0.1 / 1.1))).exp())).sum()
        return total

    middle = log_alpha.detach().double()
    assert float(value) == pytest.approx(float(expected(middle).detach()), rel=1e-5)
    for index in range(0, len(middle), 5):
        step = torch.zeros_like(middle)
        step[index] = 1e-4
        slope = (expected(middle + step) - expected(middle - step)).detach() / 2e-4
        assert float(log_alpha.grad[index]) == pytest.approx(float(slope), rel=1e-4)
    slopes = torch.autograd.grad(expected(middle), list(weights.values()), materialize_grads=True, allow_unused=True)
    for name, slope in zip(weights, slopes, strict=True):
        torch.testing.assert_close(trainee.parameters[name].grad.double(), slope, rtol=1e-5, atol=1e-9)


def test_the_gradient_of_a_gate_is_that_of_its_formula():
    noise = torch.linspace(0.02, 0.98, 25, dtype=torch.float64)
    log_alpha = torch.linspace(-2, 2, 25, dtype=torch.float64).flip(0).requires_grad_()
    gates = (torch.sigmoid((torch.logit(noise) + log_alpha) * 1.5) * 1.2 - 0.1).clamp(0, 1)
    assert 0 < int(((gates == 0) | (gates == 1)).sum()) < 25
    pull = torch.arange(25, dtype=torch.float64)
    (expected,) = torch.autograd.grad(gates, log_alpha, pull)
    found = hard_concrete.gate(log_alpha, noise)
    torch.testing.assert_close(found, gates)
    torch.testing.assert_close(torch.autograd.grad(found, log_alpha, pull)[0], expected)


@pytest.mark.parametrize("name", [*CLOSING, "plain", "residual", "encoder", "mixer"])
def test_gated_weights_have_the_gradients_of_plain_products(name):
    trainee = dense(BY_NAME[name].network(torch.float64))
    reading = ChannelGates(ground_of(trainee)).reading
    generator = torch.Generator().manual_seed(0)
    factors = torch.rand(reading.count, generator=generator, dtype=torch.float64).requires_grad_()
    extended = torch.cat([factors, factors.new_ones(1)])
    expected: dict[str, Tensor] = {}
    for (tensor, axis), place in reading.places.items():
        weight = trainee.parameters[tensor]
        shape = [-1 if other == axis else 1 for other in range(weight.dim())]
        expected[tensor] = expected.get(tensor, weight) * extended[place].view(shape)
    found = reading.scaled(factors)
    assert found.keys() == expected.keys()
    leaves = [factors, *(trainee.parameters[tensor] for tensor in expected)]
    pulls = [torch.rand(value.shape, generator=generator, dtype=torch.float64) for value in expected.values()]
    slopes = (torch.autograd.grad(list(values.values()), leaves, pulls) for values in (expected, found))
    for plain, gated in zip(*slopes, strict=True):
        torch.testing.assert_close(gated, plain)


def spread_gates(trainee: Trainee, seed: int = 3) -> tuple[L0, dict[str, Tensor]]:
    """Gates of which about a third are closed, and what they are at the end, by group."""
    ground = ground_of(trainee)
    regularizer = l0(trainee, ground)
    log_alpha = regularizer.parameters["log_alpha"]
    log_alpha.data.copy_(4 * torch.rand(len(log_alpha), generator=torch.Generator().manual_seed(seed)) - 3.2)
    return regularizer, ChannelGates(ground).per_group(hard_concrete.final_gate(log_alpha.detach()))


def gated_reference(network: Network, trainee: Trainee, gates: dict[str, Tensor]) -> nn.Module:
    """The dense network whose layers see their inputs times the gates: hooks in front of every layer that reads."""
    module = build(network)
    layers = dict(module.named_modules())
    for group in trainee.groups:
        for member in group.members:
            layer = layers.get(member.tensor.rpartition(".")[0])
            if member.makes or member.axis != 1 or not isinstance(layer, READERS) or layer.weight.size(1) == 1:
                continue
            factor = torch.ones(layer.weight.size(1), dtype=torch.float64)
            factor[member.index] = gates[group.name].double()[:, None]
            by = factor.view((1, -1, 1, 1) if isinstance(layer, nn.Conv2d) else (-1,))
            layer.register_forward_pre_hook(lambda _, args, by=by: (args[0] * by,))
    return module.eval()


@pytest.mark.parametrize("name", ["plain", "residual", "dense_block", "inverted_residual", "encoder", "mixer"])
def test_a_network_whose_closed_channels_are_removed_is_the_gated_network(name):
    construct = BY_NAME[name]
    network = construct.network(torch.float64)
    trainee = dense(network)
    regularizer, gates = spread_gates(trainee)
    reference = gated_reference(network, trainee, gates)
    regularizer.finish()
    inputs = construct.inputs(3, torch.float64)
    keep = {group.name: gates[group.name] > 0 for group in trainee.groups if not group.inexact}
    for mask in keep.values():
        mask[0] |= not bool(mask.any())
    pruned = build(remove(trainee.network(), keep))
    with torch.no_grad():
        expected = reference(*inputs)
        assert relative_difference(pruned(*inputs), expected) < 1e-6
        assert relative_difference(build(network)(*inputs), expected) > 1e-3


def relative_difference(first: Tensor, second: Tensor) -> float:
    return float((first - second).abs().max() / second.abs().max())


@pytest.mark.parametrize("name", CLOSING)
def test_a_closed_gate_is_removal_in_every_kind_of_network(name):
    """Zero multipliers, folded into weights of the dense network, and the network without those channels."""
    construct = BY_NAME[name]
    network = construct.network(torch.float64)
    trainee = dense(network)
    gates = ChannelGates(ground_of(trainee))
    exact = {group.name for group in gates.groups if not group.inexact}
    keep = {name: mask for name, mask in random_keep(network, 0.4).items() if name in exact}
    flat = [keep.get(group.name, torch.ones(group.width)) for group in gates.groups]
    multipliers = torch.cat([mask.double() for mask in flat])
    inputs = construct.inputs(3, torch.float64)
    trainee.module.eval()
    with torch.no_grad():
        gated = as_tuple(torch.func.functional_call(trainee.module, gates.gated(multipliers), inputs))
        gates.fold(multipliers)
        folded, removed = (as_tuple(build(item)(*inputs)) for item in (trainee.network(), remove(network, keep)))
    for first, second, third in zip(folded, removed, gated, strict=True):
        assert relative_difference(first, second) < 1e-10
        assert relative_difference(first, third) < 1e-10  # as in training


def as_tuple(answer: Tensor | tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    return answer if isinstance(answer, tuple) else (answer,)


def test_a_pinned_layer_has_no_gates_and_stays_as_the_data_want_it():
    chosen = recipe(
        target={"kind": "sparsity", "sparsity": 0.3},
        sparsify={
            "epochs": 2,
            "optimizer": {"kind": "adamw", "learning_rate": 0.01},
            "regularizer": {"kind": "l0_hard_concrete", "strength": 1e4, "gate_speed": 100},
        },
        prune={
            "criterion": {"kind": "learned"},
            "schedule": {"kind": "one_shot", "training_steps": 1},
            "points": 1,
            "pins": ["conv1"],
        },
    )
    last = collect_run(small_lenet(), blobs(), chosen).checkpoints[-1]
    learned = last.part("learned")
    assert bool((learned["conv1"] == 1).all())
    assert float(learned["conv2"].max()) < 0.5
