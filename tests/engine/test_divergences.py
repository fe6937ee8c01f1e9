"""Slopes of divergences in closed form are those of their graphs."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from worker.engine.regularizers.divergences import (
    add_gamma_gradients,
    add_inverse_gamma_gradients,
    add_log_uniform_gradients,
    add_normal_gradients,
    gamma_divergence,
    inverse_gamma_divergence,
    log_alpha,
    log_uniform_divergence,
    normal_divergence,
)

LIMIT, SCALE, WEIGHT = 2.0, 0.3, 0.7


def limited(log_variance: Tensor, mean: Tensor) -> Tensor:
    return log_uniform_divergence(log_alpha(log_variance, mean).clamp(-LIMIT, LIMIT))


def unlimited(log_variance: Tensor, mean: Tensor) -> Tensor:
    return log_uniform_divergence(log_alpha(log_variance, mean))


PAIRS: dict[str, tuple[Callable[..., Tensor], Callable[..., None], tuple[float, ...]]] = {
    "log-uniform": (unlimited, add_log_uniform_gradients, ()),
    "log-uniform, limited": (limited, lambda *given: add_log_uniform_gradients(*given, LIMIT), ()),
    "normal": (normal_divergence, add_normal_gradients, ()),
    "gamma": (gamma_divergence, lambda *given: add_gamma_gradients(*given, SCALE), (SCALE,)),
    "inverse gamma": (inverse_gamma_divergence, add_inverse_gamma_gradients, ()),
}


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("is_first", [True, False])
def test_slopes_in_closed_form_add_to_gradients_what_the_graph_finds(name, is_first):
    """Values on both sides of the limits; a gradient may be there already or not."""
    divergence, add_gradients, settings = PAIRS[name]
    generator = torch.Generator().manual_seed(0)
    parameters = [nn.Parameter(2 * torch.randn(40, generator=generator, dtype=torch.float64)) for _ in range(2)]
    slopes = torch.autograd.grad(divergence(*parameters, *settings).sum(), parameters)
    for parameter in parameters:
        parameter.grad = None if is_first else torch.ones_like(parameter)
    add_gradients(*parameters, WEIGHT)
    for parameter, slope in zip(parameters, slopes, strict=True):
        torch.testing.assert_close(parameter.grad, WEIGHT * slope + (not is_first))
