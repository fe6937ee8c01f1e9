"""Noise of what layers add up, drawn for each example: local reparametrization (Kingma et al. 2015)."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, TypeAlias

import torch
from torch import Tensor, fx, nn
from torch.nn import functional
from torch.utils.hooks import RemovableHandle

from worker.engine.network.hidden_names import reachable
from worker.engine.regularizers.noise import disturbed, squared, variance_of
from worker.engine.regularizers.places import ChannelPlaces

_CONVOLUTIONS: Mapping[type[nn.Module], Callable[..., Tensor]] = {
    nn.Conv1d: functional.conv1d,
    nn.Conv2d: functional.conv2d,
    nn.Conv3d: functional.conv3d,
}
_TRANSPOSED: Mapping[type[nn.Module], Callable[..., Tensor]] = {
    nn.ConvTranspose1d: functional.conv_transpose1d,
    nn.ConvTranspose2d: functional.conv_transpose2d,
    nn.ConvTranspose3d: functional.conv_transpose3d,
}

LogVariance: TypeAlias = Callable[[str], Tensor]
"""log variances of a weight, by name and in its shape."""


def layers_of_weights(module: fx.GraphModule, names: Iterable[str]) -> dict[str, tuple[nn.Module, ...]]:
    """The layers that meet each weight with their input, by the weight's name.

    Weights that anything else than a linear layer or a convolution reads are left out.
    """
    wanted = set(names)
    ids = {id(parameter): name for name, parameter in module.named_parameters()}
    places = {node.target for node in module.graph.nodes if node.op == "get_attr"}
    found: dict[str, list[nn.Module]] = {name: [] for name in wanted if reachable(name) not in places}
    for layer in module.modules():
        for attribute, parameter in layer.named_parameters(recurse=False):
            name = ids[id(parameter)]
            if name not in found:
                continue
            if attribute == "weight" and _adds_up(layer):
                found[name].append(layer)
            else:
                del found[name]
    return {name: tuple(layers) for name, layers in found.items() if layers}


class NoisyLayers:
    """In training the outputs of layers are normal: mean `x * w`, variance `x^2 * sigma^2`, one draw for each element.

    That is what weights drawn anew for every example come to, in a linear layer; in a convolution, for every place of
    the kernel too (Kingma, Salimans, Welling 2015, arXiv:1506.02557). Draws come from torch's own stream on the device,
    as those of dropout do: they are as many as activations.
    """

    def __init__(self, layers: Mapping[str, Iterable[nn.Module]], log_variance: LogVariance) -> None:
        self._log_variance = log_variance
        self._handles: list[RemovableHandle] = [
            layer.register_forward_hook(partial(self._disturb, name))
            for name, owners in layers.items()
            for layer in owners
        ]

    def stop(self) -> None:
        """Leave the layers as they were."""
        for handle in self._handles:
            handle.remove()

    def _disturb(self, name: str, layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
        if not layer.training:
            return output
        variance = summed(layer, squared(inputs[0]), variance_of(self._log_variance(name)))
        return disturbed(output, variance)


class ScaledInputs:
    """In training the channels that layers read are multiplied by random scales, drawn for each example.

    All layers share the draws of a forward pass. An example is a place along the first axis of a layer's input.
    """

    def __init__(
        self, layers: Mapping[str, Iterable[nn.Module]], reading: ChannelPlaces, scales: Callable[[Tensor], Tensor]
    ) -> None:
        """`scales` makes scales (N, G) of standard normal noise (N, G)."""
        self._scales, self._count, self._device = scales, reading.count, reading.device
        self._drawn: dict[int, Tensor] = {}
        places = {
            name: place
            for name, owners in layers.items()
            if (place := _channels_read(name, owners, reading)) is not None
        }
        self.names = frozenset(places)
        """The weights whose layers read whole channels along the axis of their inputs."""
        self._handles: list[RemovableHandle] = [
            layer.register_forward_pre_hook(partial(self._scale, place))
            for name, place in places.items()
            for layer in layers[name]
        ]

    def begin(self) -> None:
        """Draw anew in the next forward pass."""
        self._drawn = {}

    def stop(self) -> None:
        """Leave the layers as they were."""
        self._drawn = {}
        for handle in self._handles:
            handle.remove()

    def _scale(self, place: Tensor, layer: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        values = inputs[0]
        if not layer.training:
            return inputs
        factors = self._draw(len(values))[:, place]
        shape = [len(values)] + [1] * (values.dim() - 1)
        shape[-1 if isinstance(layer, nn.Linear) else 1] = -1
        return (values * factors.view(shape).to(values.dtype),)

    def _draw(self, examples: int) -> Tensor:
        """Scales (N, G + 1); the last is 1, for what belongs to no channel."""
        if examples not in self._drawn:
            scales = self._scales(torch.randn(examples, self._count, device=self._device))
            self._drawn[examples] = torch.cat([scales, scales.new_ones(examples, 1)], 1)
        return self._drawn[examples]


def _channels_read(name: str, layers: Iterable[Any], reading: ChannelPlaces) -> Tensor | None:
    """The channel at each place of the layers' input; None where their weight reads channels in another way."""
    axes = {axis: place for (tensor, axis), place in reading.places.items() if tensor == name}
    inputs = {0 if type(layer) in _TRANSPOSED else 1 for layer in layers}
    is_grouped = any(getattr(layer, "groups", 1) > 1 for layer in layers)
    return None if is_grouped or len(axes) > 1 or set(axes) != inputs else axes[inputs.pop()]


def summed(layer: Any, inputs: Tensor, weight: Tensor) -> Tensor:
    """What the layer makes of `inputs` with another weight and no bias."""
    if isinstance(layer, nn.Linear):
        return functional.linear(inputs, weight)
    if type(layer) in _CONVOLUTIONS:
        options = (layer.stride, layer.padding, layer.dilation)
        return _CONVOLUTIONS[type(layer)](inputs, weight, None, *options, layer.groups)
    options = (layer.stride, layer.padding, layer.output_padding)
    return _TRANSPOSED[type(layer)](inputs, weight, None, *options, layer.groups, layer.dilation)


def _adds_up(layer: nn.Module) -> bool:
    return type(layer) is nn.Linear or type(layer) in _CONVOLUTIONS or type(layer) in _TRANSPOSED
