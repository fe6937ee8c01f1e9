"""The horseshoe prior: its two factors, the divergence from them, and what a scale is on average."""

import math

import pytest
import torch
from scipy.integrate import quad
from torch import Tensor
from torch.distributions import Distribution, Gamma, InverseGamma, LogNormal

from worker.engine.regularizers.divergences import gamma_divergence, inverse_gamma_divergence
from worker.engine.regularizers.scales import HorseshoeScales, ScaleStart

CPU = torch.device("cpu")
DRAWS = 40_000


def start(widths: tuple[int, ...] = (3, 2), log_variance: float = -2.0, global_scale: float = 1e-5) -> ScaleStart:
    return ScaleStart(widths, log_variance, global_scale, torch.Generator().manual_seed(0), CPU)


def numerical(mean: float, log_variance: float, prior: Distribution) -> float:
    """KL(log-normal || prior) by quadrature over the logarithm."""
    spread = math.exp(log_variance / 2)
    own = LogNormal(torch.tensor(mean, dtype=torch.float64), torch.tensor(spread, dtype=torch.float64))

    def integrand(logarithm: float) -> float:
        value = torch.tensor(logarithm, dtype=torch.float64).exp()
        ratio = own.log_prob(value) - prior.log_prob(value)
        return float((own.log_prob(value).exp() * value) * ratio)

    return quad(integrand, mean - 9 * spread, mean + 9 * spread, limit=200)[0]


def number(value: float) -> Tensor:
    return torch.tensor(value, dtype=torch.float64)


@pytest.mark.parametrize(("mean", "log_variance"), [(0.0, -9.0), (-3.0, 0.5), (2.0, -1.0)])
def test_the_divergences_are_the_integrals(mean, log_variance):
    scale = 0.3
    found = float(gamma_divergence(number(mean), number(log_variance), scale))
    assert found == pytest.approx(numerical(mean, log_variance, Gamma(number(0.5), number(1 / scale))), rel=1e-5)
    found = float(inverse_gamma_divergence(number(mean), number(log_variance)))
    assert found == pytest.approx(numerical(mean, log_variance, InverseGamma(number(0.5), number(1.0))), rel=1e-5)


def test_the_two_factors_of_the_prior_make_a_half_cauchy_variable():
    """The root of Gamma(1/2, k^2) times inverse Gamma(1/2, 1): P(z < x) = 2 / pi * atan(x / k)."""
    torch.manual_seed(0)
    scale = 0.3
    first = Gamma(number(0.5), number(1 / scale**2)).sample((DRAWS,))
    second = InverseGamma(number(0.5), number(1.0)).sample((DRAWS,))
    values = (first * second).sqrt()
    for bound in (0.1, 0.3, 1.0, 5.0):
        share = 2 / math.pi * math.atan(bound / scale)
        found = float((values < bound).double().mean())
        assert abs(found - share) < 4 * (share * (1 - share) / DRAWS) ** 0.5


def test_scales_are_log_normal_with_the_mean_and_variance_told():
    scales = HorseshoeScales(start(log_variance=-1.0))
    noise = torch.randn(DRAWS, 5, generator=torch.Generator().manual_seed(1))
    draws = scales.at(noise).detach().double()
    torch.testing.assert_close(draws.mean(0), scales.mean().detach().double(), rtol=0.03, atol=0)
    torch.testing.assert_close(draws.var(0), scales.variance().detach().double(), rtol=0.15, atol=0)
    logarithms = draws.log()
    mode = torch.exp(logarithms.mean(0) - logarithms.var(0))
    torch.testing.assert_close(scales.scores().detach().double(), mode, rtol=0.03, atol=0)


def test_scales_begin_near_one_where_the_prior_of_a_channel_asks_for_nothing():
    scales = HorseshoeScales(start(log_variance=-9.0))
    torch.testing.assert_close(scales.mean(), torch.ones(5), atol=0.05, rtol=0)
    scales.add_gradients(1.0)
    for name in ("channel_a", "channel_b", "group_a"):
        assert float(scales.parameters[name].grad.abs().max()) < 0.05, name
    assert bool((scales.parameters["group_b"].grad > 0.4).all())  # the heavy tail pulls the shared scale down


def test_the_channels_of_a_group_share_one_factor():
    scales = HorseshoeScales(start())
    before = scales.mean().detach()
    scales.parameters["group_b"].data[1] += 2 * math.log(3)
    torch.testing.assert_close(scales.mean().detach() / before, torch.tensor([1.0, 1.0, 1.0, 3.0, 3.0]))
