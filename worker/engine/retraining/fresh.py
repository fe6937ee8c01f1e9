"""Fresh weights for any network: what its layers would be given if they were made anew."""

import math
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from worker.engine.graph.evaluation import Step
from worker.engine.graph.schema import TensorReference
from worker.engine.network import Network
from worker.engine.network.layers import STATISTICS
from worker.engine.network.raising import raised_nodes


def fresh_weights(network: Network, generator: torch.Generator) -> dict[str, Tensor]:
    """New values of all parameters and norm statistics, by name, on the CPU; torch's own stream stays where it is.

    Standard layers are drawn as PyTorch draws them (He et al. 2015 with uniform bounds for linear and convolution, so
    that the fan-in is that of the network as it is). A parameter that no layer holds (an embedding of positions, a
    gain) is drawn from a normal distribution of the mean and the deviation that it has now: its role is unknown, but
    its scale is right. Other buffers are no weights, and are left out.
    """
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.default_generator.manual_seed(int(torch.randint(2**62, (), generator=generator)))
        drawn = dict(_layers(network)) | dict(_plain_products(network))
        for info in network.graph.tensors:
            tensor = network.tensors[info.name]
            if info.kind == "parameter" and info.name not in drawn and tensor.is_floating_point():
                spread = float(tensor.double().std(correction=0))
                drawn[info.name] = tensor.double().mean() + spread * torch.randn(tensor.shape, dtype=torch.float64)
    return {name: drawn[name].to(tensor.dtype) for name, tensor in network.tensors.items() if name in drawn}


def _layers(network: Network) -> Iterator[tuple[str, Tensor]]:
    """What standard layers begin with."""
    for item in {item.path: item for item in raised_nodes(network).values()}.values():
        if not item.tensors:
            continue
        layer = item.module.to_empty(device="cpu")
        _reset(layer)
        for attribute, name in item.tensors.items():
            yield name, getattr(layer, attribute).detach()


def _reset(layer: nn.Module) -> None:
    """As the layer's own constructor; norms that hold no counter of batches cannot do it themselves."""
    statistics = {name: getattr(layer, name, None) for name in STATISTICS}
    if isinstance(layer, nn.modules.batchnorm._NormBase):
        for name, tensor in statistics.items():
            if tensor is not None:
                tensor.fill_(float(name == "running_var"))
        for weight, value in ((layer.weight, 1.0), (layer.bias, 0.0)):
            if weight is not None:
                weight.fill_(value)
    else:
        layer.reset_parameters()  # type: ignore[operator]  # every standard layer with tensors of its own has it


def _plain_products(network: Network) -> Iterator[tuple[str, Tensor]]:
    """Convolutions and fully connected layers whose tensors carry names that no standard layer would give them."""
    raised = {name for item in raised_nodes(network).values() for name in item.tensors.values()}
    for step in network.steps:
        names = [_tensor_name(step, argument) for argument in ("weight", "bias")]
        if names[0] is None or names[0] in raised or not (step.kind == "linear" or step.kind.startswith("conv")):
            continue
        for name in names:
            if name is not None:
                fan_in = math.prod(network.tensors[names[0]].shape[1:])
                yield name, torch.empty(network.tensors[name].shape).uniform_(-(fan_in**-0.5), fan_in**-0.5)


def _tensor_name(step: Step, argument: str) -> str | None:
    value = step.bound.get(argument)
    return value.tensor if isinstance(value, TensorReference) else None
