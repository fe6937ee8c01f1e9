"""Squared gradients of single examples, for layers whose inputs and outputs tell them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.hooks import RemovableHandle

_CHUNK_BYTES = 2**22
_VECTOR_AXES = 2


class LayerPasses:
    """What goes in and out of the layers that hold single parameters, in the forward pass that was last."""

    def __init__(self, module: nn.Module, parameters: Mapping[str, nn.Parameter]) -> None:
        owners: dict[int, list[nn.Module]] = defaultdict(list)
        for layer in module.modules():
            for parameter in layer.parameters(recurse=False):
                owners[id(parameter)].append(layer)
        self._layers = {
            name: owners[id(parameter)][0]
            for name, parameter in parameters.items()
            if len(owners[id(parameter)]) == 1 and _is_plain(owners[id(parameter)][0])
        }
        self._passes: dict[str, list[tuple[Tensor, Tensor]]] = defaultdict(list)
        self._inputs: dict[str, Tensor] = {}
        self._is_watching = True

    def watch(self) -> list[RemovableHandle]:
        """Hooks that keep what goes in and out from now on, but for passes that only measure."""
        return [layer.register_forward_hook(partial(self._keep, name)) for name, layer in self._layers.items()]

    def _keep(self, name: str, _layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        if self._is_watching and torch.is_grad_enabled():
            self._passes[name].append((inputs[0].detach(), output))

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Keep what goes in and out within."""
        hooks = self.watch()
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    @contextmanager
    def ignored(self) -> Iterator[None]:
        """Keep nothing of what goes in and out within."""
        self._is_watching = False
        try:
            yield
        finally:
            self._is_watching = True

    def take(self, batch_size: int) -> dict[str, Tensor]:
        """Outputs of layers that saw every example once, by parameter; the others have to be read in another way.

        Forgets what later forward passes are not to be mixed with; inputs stay until `add_squares`.
        """
        single = {name: found[0] for name, found in self._passes.items() if len(found) == 1}
        self._passes.clear()
        whole = {name: pair for name, pair in single.items() if len(pair[0]) == batch_size and pair[1].requires_grad}
        self._inputs = {name: pair[0] for name, pair in whole.items()}
        return {name: pair[1] for name, pair in whole.items()}

    def add_squares(self, total: Tensor, name: str, pull: Tensor, count: int) -> None:
        """Add the sum over the first `count` examples of g^2 to `total`, in the parameter's shape.

        `pull` is the gradient of a mean loss by the layer's output, so g are gradients of single examples' losses.
        """
        layer, inputs = self._layers[name], self._inputs.pop(name)
        pull = _wide(pull[:count]) * len(inputs)
        inputs = _wide(inputs[:count])
        if isinstance(layer, nn.Conv2d):
            total.add_(_squares_of_convolution(layer, inputs, pull))
        elif inputs.dim() == _VECTOR_AXES:
            total.addmm_(pull.square_().T, inputs.square())
        else:
            total.add_(_squares_of_rows(inputs, pull))


def _is_plain(layer: nn.Module) -> bool:
    """A layer whose weight meets its input in a known way."""
    if isinstance(layer, nn.Conv2d):
        return layer.groups == 1 and layer.padding_mode == "zeros" and not isinstance(layer.padding, str)
    return isinstance(layer, nn.Linear)


def _wide(values: Tensor) -> Tensor:
    return values.float() if values.dtype in (torch.bfloat16, torch.float16) else values


def _squares_of_rows(inputs: Tensor, pull: Tensor) -> Tensor:
    """Of a linear layer over several rows of each example: inputs (N, ..., in), pull (N, ..., out)."""
    lines, pulls = inputs.flatten(1, -2), pull.flatten(1, -2)
    chunks = _chunks(len(lines), (lines.size(2) * pulls.size(2)) * lines.element_size())
    return _sum_of_squares(pulls[chunk].mT @ lines[chunk] for chunk in chunks)


def _squares_of_convolution(layer: nn.Conv2d, inputs: Tensor, pull: Tensor) -> Tensor:
    """Of a convolution over (N, C, H, W): every example's gradient is a product of its patches and its pull."""
    rows = layer.weight[0].numel()
    places = pull[0, 0].numel()
    chunks = _chunks(len(inputs), rows * (places + layer.out_channels) * inputs.element_size())

    def gradients(chunk: slice) -> Tensor:
        patches = functional.unfold(inputs[chunk], layer.kernel_size, layer.dilation, layer.padding, layer.stride)  # type: ignore[arg-type]
        return pull[chunk].flatten(2) @ patches.mT

    return _sum_of_squares(gradients(chunk) for chunk in chunks).view(layer.weight.shape)


def _chunks(count: int, size: int) -> list[slice]:
    """Slices of so many examples of `size` bytes as stay in the processor's cache."""
    step = max(1, _CHUNK_BYTES // max(1, size))
    return [slice(start, start + step) for start in range(0, count, step)]


def _sum_of_squares(gradients: Iterable[Tensor]) -> Tensor:
    """Over the examples of all chunks (n, out, in): (out, in)."""
    total: Tensor | None = None
    for chunk in gradients:
        if total is None:
            total = torch.zeros_like(chunk[0])
        if len(chunk) == 1:
            total.addcmul_(chunk[0], chunk[0])
        else:
            total.add_(chunk.square_().sum(0))
    if total is None:
        raise ValueError("there is no example")
    return total
