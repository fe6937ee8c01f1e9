"""Sparse variational dropout: the divergence, the draws, and what is zero at the end."""

import math
from itertools import pairwise

import pytest
import torch
from scipy.integrate import quad
from torch import Tensor

from backend.domain.errors import JobFailure
from backend.domain.regularizers import VariationalDropoutRegularizer
from tests.engine.grounds import dense, ground_of
from tests.engine.runs import small_mlp
from worker.engine.regularizers.divergences import log_uniform_divergence
from worker.engine.regularizers.noise import drawn
from worker.engine.regularizers.variational_dropout import VariationalDropout
from worker.engine.trainee import Trainee


def noisy(trainee: Trainee, **settings: object) -> VariationalDropout:
    spec = VariationalDropoutRegularizer.model_validate(settings)
    return VariationalDropout(spec, ground_of(trainee, example_count=50, steps=10))


def numerical(log_alpha: float) -> float:
    """KL(N(1, alpha) || 1/|w|) by quadrature, shifted so that it is zero for endless noise.

    `-log(alpha) / 2 + E log|1 + sqrt(alpha) e|` plus a constant: for endless noise the mean is that of `log|e|` alone.
    """
    root = math.exp(log_alpha / 2)

    def density(noise: float) -> float:
        return math.exp(-(noise**2) / 2) / math.sqrt(2 * math.pi)

    def integrand(noise: float) -> float:
        return density(noise) * math.log(max(abs(1 + root * noise), 1e-300))

    zero = -1 / root
    edges = sorted({-10.0, 10.0, *([zero] if abs(zero) < 10 else [])})
    mean = sum(quad(integrand, left, right, limit=200)[0] for left, right in pairwise(edges))
    endless = -(0.5772156649 + math.log(2)) / 2
    return mean - log_alpha / 2 - endless


@pytest.mark.parametrize("log_alpha", [-6.0, -3.0, -1.0, 0.0, 1.0, 3.0, 6.0])
def test_the_approximation_of_the_divergence_is_close_to_the_integral(log_alpha):
    assert float(log_uniform_divergence(torch.tensor(log_alpha))) == pytest.approx(numerical(log_alpha), abs=0.01)


def test_weights_are_drawn_around_their_means_with_the_learned_spread():
    trainee = dense(small_mlp(widths=(3, 2)))
    regularizer = noisy(trainee)
    name = next(iter(regularizer.parameters))
    regularizer.parameters[name].data.fill_(math.log(0.04))
    draws = torch.stack([regularizer.weights()[name].detach() for _ in range(600)]).double()
    mean = trainee.tensors[name].double()
    assert float((draws.mean(0) - mean).abs().max()) < 5 * 0.2 / 600**0.5
    assert float(draws.std(0).mean()) == pytest.approx(0.2, rel=0.02)


def test_the_divergence_is_the_sum_over_all_weights():
    trainee = dense(small_mlp(widths=(3, 2)))
    regularizer = noisy(trainee, initial_log_variance=-4.0)
    total = 0.0
    for name in regularizer.parameters:
        log_alpha = -4.0 - torch.log(trainee.tensors[name].double().square() + 1e-8)
        total += float(log_uniform_divergence(log_alpha.clamp(-8, 8)).sum())
    assert float(regularizer.divergence()) == pytest.approx(total, rel=1e-5)


def test_the_slopes_of_the_divergence_are_those_of_its_graph_by_examples_and_rise_in_the_warm_up():
    """Finer than any step of the closed form, log alpha runs from below its least value to above its greatest."""
    trainee = dense(small_mlp(widths=(30, 2)))
    regularizer = noisy(trainee, strength=2.0, warm_up=0.4)
    name = next(iter(regularizer.parameters))
    mean, log_variance = dict(trainee.module.named_parameters())[name], regularizer.parameters[name]
    log_alpha = torch.linspace(-10, 10, mean.numel()).view_as(mean)
    log_variance.data.copy_(log_alpha + mean.detach().square().log())
    free = [tensor.detach().double().requires_grad_() for tensor in (log_variance, mean)]
    exact = (free[0] - torch.log(free[1].square() + 1e-8)).clamp(-8, 8)
    slopes = torch.autograd.grad(log_uniform_divergence(exact).sum(), free)
    for share in (0, 1 / 4, 1 / 2, 3 / 4, 1, 1):
        for parameter in (log_variance, mean):
            parameter.grad = torch.ones_like(parameter)
        regularizer.add_gradients()
        for parameter, slope in zip((log_variance, mean), slopes, strict=True):
            found = parameter.grad.double() - 1
            torch.testing.assert_close(found, share * 2.0 / 50 * slope, rtol=1e-3, atol=1e-6)
        regularizer.finish_step(0.1)


def test_frozen_weights_have_no_slopes_but_their_variances_have():
    trainee = dense(small_mlp(widths=(3, 2)))
    regularizer = noisy(trainee)
    name = next(iter(regularizer.parameters))
    mean = dict(trainee.module.named_parameters())[name].requires_grad_(False)
    regularizer.finish_step(0.1)
    regularizer.add_gradients()
    assert mean.grad is None
    assert bool((regularizer.parameters[name].grad != 0).any())


def test_draws_carry_gradients_to_means_and_variances():
    mean, log_variance = (torch.randn(4, 5, dtype=torch.float64, requires_grad=True) for _ in range(2))

    def draw(mean: Tensor, log_variance: Tensor) -> Tensor:
        return drawn(mean, log_variance, torch.Generator().manual_seed(0))

    assert torch.autograd.gradcheck(draw, (mean, log_variance))


def test_weights_that_are_mostly_noise_end_as_zeros_and_others_as_their_means():
    trainee = dense(small_mlp(widths=(3, 2)))
    regularizer = noisy(trainee, threshold=3.0)
    name = next(iter(regularizer.parameters))
    weight = trainee.tensors[name]
    weight.copy_(torch.where(weight < 0, -0.1, 0.1))
    log_alpha = torch.linspace(-7, 7, weight.numel()).view_as(weight)
    regularizer.parameters[name].data.copy_(log_alpha + math.log(0.01))
    before = weight.clone()
    assert regularizer.finish() == {}
    expected = torch.where(log_alpha <= 3.0, before, 0.0)
    assert int((trainee.tensors[name] != expected).sum()) <= 1  # at the threshold itself


def test_pinned_layers_bear_no_noise_and_lose_nothing():
    trainee = dense(small_mlp(widths=(3, 2)))
    spec = VariationalDropoutRegularizer(initial_log_variance=5.0, threshold=-8.0)
    regularizer = VariationalDropout(spec, ground_of(trainee, pins=("fc2",)))
    before = {name: tensor.clone() for name, tensor in trainee.tensors.items()}
    assert set(regularizer.weights()) == {"fc1.weight", "fc3.weight"}
    regularizer.finish()
    gone = {name for name, tensor in trainee.tensors.items() if not torch.equal(tensor, before[name])}
    assert gone == {"fc1.weight", "fc3.weight"}
    assert float(trainee.tensors["fc1.weight"].abs().max()) == 0


def test_with_all_layers_pinned_there_is_nothing_to_do():
    trainee = dense(small_mlp(widths=(3, 2)))
    ground = ground_of(trainee, pins=("fc1", "fc2", "fc3"))
    with pytest.raises(JobFailure, match="all layers are pinned"):
        VariationalDropout(VariationalDropoutRegularizer(), ground)
