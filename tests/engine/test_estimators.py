"""Estimators of gradients through binary gates, against all 2^K gates enumerated."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from worker.engine.estimators.controls import RelaxedLoss, RelaxedLossAndNetwork, tune
from worker.engine.estimators.gates import draw_noise, exact_gradient, mirrored_gates, open_gates
from worker.engine.estimators.gradients import arm, concrete, reinforce, with_control

DRAWS = 100_000
STANDARD_ERRORS = 3
LOGITS = torch.tensor([-1.5, -0.3, 0.0, 0.8, 2.0], dtype=torch.float64)
SLOPES = torch.tensor([0.9, -1.4, 2.1, 0.4, -0.7], dtype=torch.float64)


def loss(gates: Tensor) -> Tensor:
    """Neither linear nor separable."""
    return ((gates * SLOPES).sum(-1) - 0.6).square() + 1.5 * torch.sin(
        2 * gates[..., 0] * gates[..., 2] + gates[..., 4]
    )


def noise(seed: int = 1, draws: int = DRAWS) -> Tensor:
    return draw_noise((draws, len(LOGITS)), torch.Generator().manual_seed(seed), torch.float64)


def rebar() -> Tensor:
    return with_control(loss, LOGITS, (noise(2), noise(3)), RelaxedLoss(loss)).detach()


def relax() -> Tensor:
    control = RelaxedLossAndNetwork(loss, len(LOGITS), torch.Generator().manual_seed(0)).double()
    tune(control, loss, LOGITS, [(noise(10 + 2 * index, 200), noise(11 + 2 * index, 200)) for index in range(50)])
    return with_control(loss, LOGITS, (noise(4), noise(5)), control).detach()


UNBIASED: dict[str, Callable[[], Tensor]] = {
    "reinforce": lambda: reinforce(loss, LOGITS, noise()),
    "arm": lambda: arm(loss, LOGITS, noise()),
    "rebar": rebar,
    "relax": relax,
}


def errors(estimates: Tensor) -> Tensor:
    """How far the mean is from the exact gradient, in standard errors (K,)."""
    standard = estimates.std(0) / len(estimates) ** 0.5
    return (estimates.mean(0) - exact_gradient(loss, LOGITS)).abs() / standard


def test_the_exact_gradient_is_the_slope_of_the_enumerated_expectation():
    """All gates written out one by one, against central differences."""

    def expected(logits: Tensor) -> float:
        shares = torch.sigmoid(logits)
        total = 0.0
        for bits in range(32):
            gates = torch.tensor([float(bits >> index & 1) for index in range(5)], dtype=torch.float64)
            total += float(torch.where(gates == 1, shares, 1 - shares).prod() * loss(gates))
        return total

    gradient = exact_gradient(loss, LOGITS)
    for index in range(len(LOGITS)):
        step = torch.zeros_like(LOGITS)
        step[index] = 1e-5
        slope = (expected(LOGITS + step) - expected(LOGITS - step)) / 2e-5
        assert float(gradient[index]) == pytest.approx(slope, abs=1e-7)


@pytest.mark.parametrize("name", UNBIASED)
def test_an_estimator_is_right_on_average(name):
    assert bool((errors(UNBIASED[name]()) < STANDARD_ERRORS).all())


@pytest.mark.parametrize("temperature", [0.3, 2 / 3])
def test_the_concrete_relaxation_is_wrong_on_average_for_a_loss_that_is_not_linear(temperature):
    assert float(errors(concrete(loss, LOGITS, noise(), temperature)).max()) > 5 * STANDARD_ERRORS


def test_any_control_leaves_the_mean_alone_and_a_tuned_one_lowers_the_variance():
    generator = torch.Generator().manual_seed(0)
    plain = RelaxedLossAndNetwork(loss, len(LOGITS), generator).double()
    before = with_control(loss, LOGITS, (noise(2), noise(3)), plain).detach()
    assert bool((errors(before) < 4).all())
    assert float(relax().var(0).sum()) < float(before.var(0).sum())


def test_variances_rank_as_their_papers_say():
    """ARM and REBAR have less variance than the score function without a baseline."""
    gates = open_gates(LOGITS, noise())
    plain = loss(gates)[:, None] * (gates - torch.sigmoid(LOGITS))
    assert bool((errors(plain) < STANDARD_ERRORS).all())
    for estimates in (UNBIASED["arm"](), rebar()):
        assert float(estimates.var(0).sum()) < float(plain.var(0).sum())


def test_mirrored_gates_are_open_as_often_and_as_unlike_as_can_be():
    first, second = open_gates(LOGITS, noise()), mirrored_gates(LOGITS, noise())
    shares = torch.sigmoid(LOGITS)
    for gates in (first, second):
        assert bool(((gates.mean(0) - shares).abs() < 4 * (shares * (1 - shares) / DRAWS).sqrt()).all())
    agree = (first == second).double().mean(0)
    torch.testing.assert_close(agree, (2 * shares - 1).abs(), atol=0.01, rtol=0)
