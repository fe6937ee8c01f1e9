"""Small pictures of the layers that read a network's inputs: filters that are left, and inputs that are still read."""

import base64
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from math import ceil, prod

import torch
from torch import Tensor
from torch.nn import functional

from backend.domain.first_layers import BLANK, MOST_FILTERS, Channels, FilterGrid, FirstLayer, InputMap
from worker.engine.coupling import find_groups
from worker.engine.coupling.values import layer_name
from worker.engine.graph import Network
from worker.engine.readers import Reader, first_readers
from worker.engine.surgery import remove_from_tensors

MOST_LAYERS = 4
"""Layers beyond the first so many are left out."""
MOST_VALUES = 49_152
"""Bytes of all pictures of a layer together: kernels are shrunk to fit, to no less than 4 x 4."""
_SMALLEST = 4
_MOST_ROWS = 16
"""Input channels of a signal that are drawn as rows."""
_LONGEST_SIDE, _LONGEST_STRIP = 64, 512
"""Cells of a map along each axis, and of a strip."""
_BRIGHTEST = 127
_DIGITS = 4


def first_layers(dense: Network, network: Network, present: Mapping[str, Tensor]) -> tuple[FirstLayer, ...]:
    """A picture for each layer that reads an input of `network`, as it was made of `dense`.

    `present` tells which of the dense network's channels are left, bool (width,) by group; a group that is not named is
    whole. Layers that are gone, and those without a picture (embeddings, weights that are worked out on the way), are
    passed over.
    """
    return tuple(_pictures(dense, network, present))[:MOST_LAYERS]


def _pictures(dense: Network, network: Network, present: Mapping[str, Tensor]) -> Iterator[FirstLayer]:
    for reader in _once(first_readers(dense)):
        name, kind = reader.use.weight, reader.use.type
        if name not in network.tensors:
            continue
        if kind == "conv":
            is_transposed = reader.step.kind.startswith("conv_transpose")
            if is_transposed and reader.step.bound["groups"] != 1:
                continue
            places = _places(dense, name, 1 if is_transposed else 0, present)
            weight = network.tensors[name].transpose(0, 1) if is_transposed else network.tensors[name]
            yield _filters(reader, weight.detach().double(), places)
        elif kind in ("linear", "recurrent"):
            yield _inputs(reader, dense, network)


def _once(readers: Iterable[Reader]) -> Iterable[Reader]:
    """Layers that are used several times, each once."""
    found: dict[str, Reader] = {}
    for reader in readers:
        earlier = found.get(reader.use.weight)
        if earlier is not None:
            inputs = tuple(dict.fromkeys([*earlier.inputs, *reader.inputs]))
            reader = replace(earlier, inputs=inputs, order=None)
        found[reader.use.weight] = reader
    return found.values()


def _places(dense: Network, name: str, axis: int, present: Mapping[str, Tensor]) -> Tensor:
    """Place in the dense network of every position along a tensor's axis that is left."""
    weight = dense.tensors[name]
    shape = [1] * weight.dim()
    shape[axis] = -1
    places = torch.arange(weight.size(axis)).view(shape).expand_as(weight)
    left = remove_from_tensors({name: places}, find_groups(dense), present)[name]
    return left.movedim(axis, 0).flatten(1)[:, 0]


def _filters(reader: Reader, weight: Tensor, places: Tensor) -> FilterGrid:
    """`weight`: (filters left, input channels, *kernel)."""
    is_shown = places < MOST_FILTERS
    kernel = tuple(weight.shape[2:])
    pictures, channels = _as_pictures(weight[is_shown])
    pictures = _shrunk(pictures)
    scale = float(pictures.abs().max()) if pictures.numel() else 0.0
    levels = (pictures * (_BRIGHTEST / scale if scale else 0.0)).round().to(torch.int8)
    levels[pictures == 0] = BLANK
    return FilterGrid(
        layer=layer_name(reader.use.weight),
        inputs=reader.inputs,
        dense=reader.use.width,
        left=len(places),
        places=tuple(places[is_shown].tolist()),
        norms=_rounded(weight[is_shown].flatten(1).norm(dim=1)),
        channels=channels,
        size=tuple(pictures.shape[1:]),
        kernel=kernel,
        scale=scale,
        pixels=base64.b64encode(levels.numpy().tobytes()).decode(),
    )


def _as_pictures(weight: Tensor) -> tuple[Tensor, Channels]:
    """Filters (n, values, height, width) with one value or three, and what the values are."""
    channels, axes = weight.size(1), weight.dim() - 2
    if axes == 1:
        if 1 < channels <= _MOST_ROWS:
            return weight.unsqueeze(1), "rows"
        weight = weight.unsqueeze(2)
    elif axes > 2:
        weight = weight.abs().flatten(1, axes - 1)
        return weight.mean(1, keepdim=True), "magnitude"
    if channels == 1:
        return weight, "single"
    return (weight, "color") if channels == 3 and axes == 2 else (weight.abs().mean(1, keepdim=True), "magnitude")


def _shrunk(pictures: Tensor) -> Tensor:
    """Averaged over neighbors until all fit into `MOST_VALUES`."""
    count, values, height, width = pictures.shape
    side = max(_SMALLEST, int((MOST_VALUES / max(1, count * values)) ** 0.5))
    size = (min(height, side), min(width, side))
    return pictures if size == (height, width) or not count else functional.adaptive_avg_pool2d(pictures, size)


def _inputs(reader: Reader, dense: Network, network: Network) -> InputMap:
    kept, whole = (_columns(reader, one) for one in (network, dense))
    cells, shape = _cells(reader, kept.size(1), dense)
    longest = _LONGEST_SIDE if len(shape) > 1 else _LONGEST_STRIP
    fold = max(1, ceil(max(shape) / longest))

    def gather(values: Tensor) -> Tensor:
        """Sum what belongs to each cell, and cells that are put together."""
        flat = values if cells is None else values.new_zeros(prod(shape) + 1).index_add(0, cells, values)[1:]
        picture = flat.view(1, *([1] * (2 - len(shape))), *shape)
        folds = (fold, fold) if len(shape) > 1 else (1, fold)
        sums = functional.avg_pool2d(picture, folds, ceil_mode=True, divisor_override=1)
        return sums.flatten()

    counts = gather((kept != 0).double().sum(0))
    return InputMap(
        layer=layer_name(reader.use.weight),
        inputs=reader.inputs,
        shape=tuple(ceil(size / fold) for size in shape),
        size=shape,
        fold=fold,
        is_input=cells is not None,
        dense=max(1, int(gather(torch.full_like(whole[0], len(whole))).max())),
        has_zeros=bool((kept == 0).any()),
        counts=tuple(int(count) for count in counts.tolist()),
        norms=_rounded(gather(kept.square().sum(0)).sqrt()),
    )


def _columns(reader: Reader, network: Network) -> Tensor:
    """The weights (outputs, inputs) of a layer, float64."""
    if reader.use.type == "recurrent":
        bound, own = reader.step.bound, reader.use.own
        directions = 2 if bound["bidirectional"] else 1
        apart = len(own) // (bound["num_layers"] * directions)
        return torch.cat([network.tensors[name] for name in own[: apart * directions : apart]]).detach().double()
    weight = network.tensors[reader.use.weight].detach().double()
    return weight if reader.step.kind == "linear" else weight.T


def _cells(reader: Reader, width: int, dense: Network) -> tuple[Tensor | None, tuple[int, ...]]:
    """For each of the layer's inputs its cell, numbered from 1 (0: none), and the shape of all cells.

    None where a layer is put to many places of its input, or where its inputs are not elements of the network's: then
    the cells are the layer's own inputs.
    """
    if reader.order is None or reader.order.numel() != width:
        return None, (width,)
    shape = next(info.shape for info in dense.graph.inputs if info.name == reader.inputs[0])
    order = reader.order.flatten().long()
    if len(shape) not in (2, 3):
        return order, (prod(shape),)
    height, across = shape[-2:]
    return torch.where(order > 0, (order - 1) % (height * across) + 1, 0), (height, across)


def _rounded(values: Tensor) -> tuple[float, ...]:
    return tuple(float(f"{value:.{_DIGITS}g}") for value in values.tolist())
