"""Slopes in closed form, added to the gradients that the backward pass left."""

from torch import Tensor, nn


def add_gradient(parameter: nn.Parameter, slope: Tensor, weight: float = 1.0) -> None:
    """Add a slope times a weight to the parameter's gradient, unless it is frozen; call it under `no_grad`."""
    if not parameter.requires_grad:
        return
    if parameter.grad is None:
        parameter.grad = slope * weight
    else:
        parameter.grad.add_(slope, alpha=weight)
