"""Bayesian compression: the divergence, the draws, and which channels are mostly noise."""

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from backend.domain.regularizers import BayesianCompressionRegularizer
from tests.engine.grounds import dense, ground_of
from tests.engine.runs import small_mlp, zoo_network
from worker.engine.regularizers.bayesian_compression import BayesianCompression
from worker.engine.regularizers.divergences import log_uniform_divergence
from worker.engine.trainee import Trainee


def noisy(trainee: Trainee, **settings: object) -> BayesianCompression:
    spec = BayesianCompressionRegularizer.model_validate(settings)
    return BayesianCompression(spec, ground_of(trainee, example_count=50, steps=10))


def readers(trainee: Trainee) -> list[str]:
    """The weights that read each of the two groups of hidden units."""
    return [
        next(item.tensor for item in group.members if not item.makes and item.axis == 1) for group in trainee.groups
    ]


def test_the_divergence_is_that_of_scales_and_weights():
    """That of the weights against torch's own formula; nothing is said of weights that read inputs."""
    trainee = dense(small_mlp(widths=(4, 3)))
    regularizer = noisy(trainee, initial_log_variance=-3.0)
    means = regularizer.parameters["means"].detach().double()
    log_variances = regularizer.parameters["log_variances"].detach().double()
    total = float(log_uniform_divergence(log_variances - means.square().log()).sum())
    for name in readers(trainee):
        weight = trainee.tensors[name].double()
        spread = torch.full_like(weight, -3.0).exp().sqrt()
        total += float(kl_divergence(Normal(weight, spread), Normal(0.0, 1.0)).sum())
    assert float(regularizer.divergence()) == pytest.approx(total, rel=1e-5)


def test_draws_have_the_mean_and_the_variance_of_a_product():
    """Var(z w) = mean_z^2 s_w^2 + mean_w^2 s_z^2 + s_z^2 s_w^2."""
    trainee = dense(small_mlp(widths=(4, 3)))
    regularizer = noisy(trainee)
    first, _ = readers(trainee)
    regularizer.parameters["means"].data.fill_(1.5)
    regularizer.parameters["log_variances"].data.fill_(torch.tensor(0.09).log())
    regularizer.parameters[f"weights.{first}"].data.fill_(torch.tensor(0.04).log())
    draws = torch.stack([regularizer.weights()[first].detach() for _ in range(1500)]).double()
    weight = trainee.tensors[first].double()
    variance = 1.5**2 * 0.04 + weight.square() * 0.09 + 0.09 * 0.04
    assert bool(((draws.mean(0) - 1.5 * weight).abs() < 5 * (variance / 1500).sqrt()).all())
    torch.testing.assert_close(draws.var(0) / variance, torch.ones_like(variance), atol=0.25, rtol=0)
    shared = draws[:, :, 0] / weight[:, 0]  # all readers of a channel see the same scale
    assert float(torch.corrcoef(shared.T).min()) > 0


def test_scales_end_in_the_weights_and_noisy_channels_score_least():
    trainee = dense(small_mlp(widths=(4, 3)))
    regularizer = noisy(trainee)
    means, log_variances = regularizer.parameters["means"], regularizer.parameters["log_variances"]
    means.data.copy_(torch.tensor([1.0, 2.0, 0.1, -1.0, 1.0, 1.0, 1.0]))
    log_variances.data.copy_(torch.tensor([0.25, 0.25, 0.25, 4.0, 1.0, 1.0, 1.0]).log())
    first, _ = readers(trainee)
    before = trainee.tensors[first].clone()
    scores = regularizer.finish()[trainee.groups[0].name]
    torch.testing.assert_close(trainee.tensors[first], before * torch.tensor([1.0, 2.0, 0.1, -1.0]))
    alpha = torch.tensor([0.25, 0.0625, 25.0, 4.0])
    torch.testing.assert_close(scores, 1 / (1 + alpha))


def test_the_gradient_of_the_divergence_counts_by_examples_and_pulls_scales_towards_noise():
    trainee = dense(small_mlp(widths=(4, 3)))
    regularizer = noisy(trainee, initial_log_variance=-3.0)
    regularizer.add_gradients()
    assert bool((regularizer.parameters["log_variances"].grad < 0).all())
    assert bool((regularizer.parameters["means"].grad > 0).all())
    for name in readers(trainee):
        weight = dict(trainee.module.named_parameters())[name]
        torch.testing.assert_close(weight.grad, weight.detach() / 50)
        noise = regularizer.parameters[f"weights.{name}"]
        torch.testing.assert_close(noise.grad, (noise.detach().exp() - 1) / 100)


@pytest.mark.parametrize("prior", ["normal_jeffreys", "horseshoe"])
def test_layers_draw_what_they_add_up_for_each_example_with_one_scale_for_each_channel(prior):
    """Cov(y_a, y_b) = sum over channels of x^2 (Var(z) w_a w_b + [a = b] E[z^2] s^2), examples apart."""
    torch.manual_seed(0)
    trainee = dense(small_mlp(widths=(4, 3)))
    regularizer = noisy(trainee, prior=prior, noise="activations", initial_log_variance=-2.0)
    assert regularizer.weights() == {}
    layer, seen = trainee.module.get_submodule("fc2"), []
    layer.weight.data.mul_(3)
    layer.register_forward_hook(lambda _layer, _inputs, output: seen.append(output.detach().double()))
    trainee.module.train()
    count = 20_000
    example = torch.randn(1, 1, 16, 16)
    trainee.module(example.expand(count, -1, -1, -1))
    hidden = trainee.module.get_submodule("fc1")(example.flatten(1)).relu().detach().double()[0]
    scales = regularizer._scales
    mean, variance = (values[:4].detach().double() for values in (scales.mean(), scales.variance()))
    weight = layer.weight.detach().double()
    noise = regularizer.parameters["weights.fc2.weight"].detach().double().exp()
    expected = (weight * hidden.square() * variance) @ weight.T
    expected += torch.diag((noise * hidden.square() * (variance + mean.square())).sum(1))
    (outputs,) = seen
    found = torch.cov(outputs.T)
    scale = expected.diagonal().outer(expected.diagonal()).sqrt()
    assert float(((found - expected) / scale).abs().max()) < 0.06
    center = (weight * mean * hidden).sum(1) + layer.bias.detach().double()
    assert bool(((outputs.mean(0) - center).abs() < 5 * (expected.diagonal() / count).sqrt()).all())
    neighbours = torch.corrcoef(torch.stack([outputs[:-1, 0], outputs[1:, 0]]))[0, 1]
    assert abs(float(neighbours)) < 5 / count**0.5


def test_layers_that_read_channels_in_another_way_have_their_weights_drawn():
    trainee = dense(zoo_network("gru", (1, 8, 8), 4, 0))
    regularizer = noisy(trainee, noise="activations")
    drawn = set(regularizer.weights())
    assert any("weight_hh" in name for name in drawn)
    assert not any(name.startswith("fc") for name in drawn)
