"""Optimizers by spec, and their state as named tensors, so that it can be thinned and saved."""

from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

import torch
from torch import Tensor, nn

from backend.domain.retraining import AdamOptimizer, SgdOptimizer
from worker.engine.registry import Registry

MakeOptimizer: TypeAlias = Callable[[Iterable[nn.Parameter]], torch.optim.Optimizer]
OptimizerState: TypeAlias = dict[str, dict[str, Tensor]]
"""Tensors by kind (`momentum_buffer`, `exp_avg` ...), then by parameter name."""

OPTIMIZERS: Registry[MakeOptimizer] = Registry("optimizer")


@OPTIMIZERS.register(SgdOptimizer)
def sgd(spec: SgdOptimizer) -> MakeOptimizer:
    """Stochastic gradient descent with momentum."""

    def make(parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        return torch.optim.SGD(
            parameters, spec.learning_rate, momentum=spec.momentum, weight_decay=spec.weight_decay, fused=True
        )

    return make


@OPTIMIZERS.register(AdamOptimizer)
def adamw(spec: AdamOptimizer) -> MakeOptimizer:
    """Adam with decoupled weight decay."""

    def make(parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        return torch.optim.AdamW(parameters, spec.learning_rate, weight_decay=spec.weight_decay, fused=True)

    return make


def read_state(optimizer: torch.optim.Optimizer, parameters: Mapping[str, nn.Parameter]) -> OptimizerState:
    """Copy the optimizer's tensors to the CPU, by kind and parameter name."""
    kinds: OptimizerState = {}
    for name, parameter in parameters.items():
        for kind, value in optimizer.state.get(parameter, {}).items():
            if isinstance(value, Tensor):
                kinds.setdefault(kind, {})[name] = value.detach().to("cpu", copy=True)
    return kinds


def write_state(
    optimizer: torch.optim.Optimizer, parameters: Mapping[str, nn.Parameter], kinds: Mapping[str, Mapping[str, Tensor]]
) -> None:
    """Put back what `read_state` copied, perhaps thinned since."""
    for kind, tensors in kinds.items():
        for name, tensor in tensors.items():
            parameter = parameters[name]
            layout = torch.empty_like(parameter) if tensor.dim() else tensor.to(parameter.device, copy=True)
            optimizer.state[parameter][kind] = layout.copy_(tensor)  # in the parameter's own memory format


def fill_momentum(optimizer: torch.optim.Optimizer) -> None:
    """Begin the momentum of parameters that were frozen while others moved, at zero: fused SGD wants it of all or none.

    Zero is what no momentum comes to.
    """
    known = {parameter for parameter, state in optimizer.state.items() if "momentum_buffer" in state}
    for group in optimizer.param_groups if known else ():
        for parameter in group["params"]:
            if parameter.requires_grad and parameter not in known:
                optimizer.state[parameter]["momentum_buffer"] = torch.zeros_like(parameter)
