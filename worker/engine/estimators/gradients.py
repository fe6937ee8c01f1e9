"""Estimates of the gradient of an expected loss by the logits of binary gates, one for each draw."""

import torch
from torch import Tensor, nn

from worker.engine.estimators.gates import Loss, mirrored_gates, open_gates


def reinforce_term(value: Tensor, baseline: Tensor | float, gates: Tensor, logits: Tensor) -> Tensor:
    """`(f(b) - baseline) * d log p(b)`: (..., K) of values (...); the baseline must not depend on these gates."""
    return (value - baseline).unsqueeze(-1) * (gates - torch.sigmoid(logits))


def arm_term(value: Tensor, mirrored: Tensor, noise: Tensor) -> Tensor:
    """`(f(mirrored) - f(b)) * (u - 1/2)`: (..., K) of values (...), both draws from the same noise."""
    return (mirrored - value).unsqueeze(-1) * (noise - 0.5)


def reinforce(loss: Loss, logits: Tensor, noise: Tensor) -> Tensor:
    """Score function with the mean loss of all *other* draws as baseline (Williams 1992): (S, K), S of at least 2."""
    gates = open_gates(logits, noise)
    values = loss(gates)
    others = (values.sum() - values) / (len(values) - 1)
    return reinforce_term(values, others, gates, logits)


def arm(loss: Loss, logits: Tensor, noise: Tensor) -> Tensor:
    """Augment, REINFORCE, merge (Yin and Zhou 2019, arXiv:1807.11143): two losses for each draw, (S, K)."""
    return arm_term(loss(open_gates(logits, noise)), loss(mirrored_gates(logits, noise)), noise)


def concrete(loss: Loss, logits: Tensor, noise: Tensor, temperature: float) -> Tensor:
    """Gradient of the loss at relaxed gates `sigmoid((logits + logit(u)) / temperature)`: (S, K), biased."""
    free = logits.detach().expand_as(noise).clone().requires_grad_()
    relaxed = torch.sigmoid((free + torch.logit(noise)) / temperature)
    (gradient,) = torch.autograd.grad(loss(relaxed).sum(), free)
    return gradient


def draw_again(logits: Tensor, gates: Tensor, noise: Tensor) -> Tensor:
    """Draws before their threshold, `logits + logit(u)` (..., K), given the gates that they make; by uniform noise."""
    share = torch.sigmoid(logits)
    return logits + torch.logit(torch.where(gates == 1, noise * share + 1 - share, noise * (1 - share)))


def with_control(loss: Loss, logits: Tensor, noise: tuple[Tensor, Tensor], control: nn.Module) -> Tensor:
    """REBAR (Tucker et al. 2017, arXiv:1703.07370) and RELAX (Grathwohl et al. 2018, arXiv:1711.00123): (S, K).

    `[f(b) - c(z~)] d log p(b) + d c(z) - d c(z~)`, with z the draw before its threshold and z~ drawn again given the
    gates. `control` maps such draws (S, K) to (S,); unbiased for any. The result can be differentiated by its
    parameters: what lowers the mean square lowers the variance.
    """
    free = logits.detach().expand_as(noise[0]).clone().requires_grad_()
    first = free + torch.logit(noise[0])
    gates = (first > 0).to(noise[0].dtype)
    second = draw_again(free, gates, noise[1])
    at_first, at_second = control(first), control(second)
    (slope,) = torch.autograd.grad((at_first - at_second).sum(), free, create_graph=True)
    return reinforce_term(loss(gates).detach(), at_second, gates, logits.detach()) + slope
