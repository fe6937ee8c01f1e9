"""Operations that only move or repeat elements: the ids move along."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from worker.engine.coupling.identities import Ids
from worker.engine.coupling.layers import Shape, along, lift, reshaped, varying_axes
from worker.engine.coupling.values import Layers, Operation, Trace


def reshape(trace: Trace, operation: Operation) -> Layers:
    """View, reshape, flatten, unflatten, squeeze and unsqueeze: the order of the elements stays."""
    source = operation.source()
    layers = reshaped(trace.layers_of(source), source.shape, operation.shape)
    return apart(trace, operation, layers)


def apart(trace: Trace, operation: Operation, layers: Sequence[Ids]) -> Layers:
    """Layers that came to vary along the same axis cannot be told apart there: the newest ones are locked."""
    kept: list[Ids] = []
    for layer in sorted(layers, key=lambda layer: int(layer.flat[0])) if len(layers) > 1 else layers:
        taken = {axis for other in kept for axis in varying_axes(other)}
        if taken & set(varying_axes(layer)):
            trace.pin(operation, layer, "mixes two kinds of channels along one axis")
        else:
            kept.append(layer)
    return tuple(kept)


def permute(trace: Trace, operation: Operation) -> Layers:
    """The axes in another order."""
    axes = [axis % len(operation.shape) for axis in operation.arguments["dims"]]
    return tuple(layer.transpose(axes) for layer in trace.layers_of(operation.source()))


def transpose(trace: Trace, operation: Operation) -> Layers:
    """Two axes change places."""
    axes = len(operation.shape)
    first, second = (operation.arguments.get(key, place) for key, place in (("dim0", 0), ("dim1", -1)))
    if axes < 2:
        return trace.layers_of(operation.source())
    return tuple(layer.swapaxes(first, second) for layer in trace.layers_of(operation.source()))


def movedim(trace: Trace, operation: Operation) -> Layers:
    """Axes move to other places."""
    source, target = operation.arguments["source"], operation.arguments["destination"]
    return tuple(np.moveaxis(layer, source, target) for layer in trace.layers_of(operation.source()))


def flip(trace: Trace, operation: Operation) -> Layers:
    """The order along some axes is turned around."""
    return tuple(np.flip(layer, operation.arguments["dims"]) for layer in trace.layers_of(operation.source()))


def roll(trace: Trace, operation: Operation) -> Layers:
    """Elements move in a circle along some axes (all of them in one row, when none is named: nothing may go)."""
    source, axes = operation.source(), operation.arguments["dims"]
    if not axes:
        trace.lock(operation, "rolls them over all axes")
        return ()
    return tuple(np.roll(layer, operation.arguments["shifts"], axes) for layer in trace.layers_of(source))


def expand(trace: Trace, operation: Operation) -> Layers:
    """Axes of size 1 get a size: it may shrink with the channels that the value is combined with."""
    source, axes = operation.source(), len(operation.shape)
    old = (1,) * (axes - len(source.shape)) + source.shape
    layers = tuple(lift(layer, axes) for layer in trace.layers_of(source))
    sizes = operation.arguments.get("size")
    return layers + flexible(trace, operation.shape, old, sizes)


def flexible(trace: Trace, shape: Shape, old: Shape, sizes: object) -> Layers:
    """New layers for the axes that were of size 1 and got one of the literal `sizes`, the batch excepted."""
    if not isinstance(sizes, list):
        return ()
    is_literal = [isinstance(size, int) and size > 1 for size in sizes]
    return tuple(
        along(trace.ledger.new(shape[axis]), axis, len(shape))
        for axis in range(1, len(shape))
        if old[axis] == 1 and shape[axis] > 1 and is_literal[axis]
    )


def repeat(trace: Trace, operation: Operation) -> Layers:
    """The whole value several times along some axes; an axis of size 1 is expanded."""
    source, axes = operation.source(), len(operation.shape)
    times = operation.arguments.get("repeats", operation.arguments.get("dims"))
    old = (1,) * (axes - len(source.shape)) + source.shape
    times = [1] * (axes - len(times)) + list(times)
    layers = []
    for layer in trace.layers_of(source):
        lifted = lift(layer, axes)
        layers.append(np.tile(lifted, [time if lifted.shape[axis] > 1 else 1 for axis, time in enumerate(times)]))
    return tuple(layers) + flexible(trace, operation.shape, old, times)


def repeat_interleave(trace: Trace, operation: Operation) -> Layers:
    """Every position several times in a row."""
    axis, source = operation.arguments.get("dim"), operation.source()
    times = operation.arguments.get("repeats")
    if axis is None or not isinstance(times, int):
        trace.lock(operation, "repeats them in a way for which there is no rule yet")
        return ()
    return tuple(np.repeat(layer, times, axis) if layer.shape[axis] > 1 else layer for layer in trace.layers_of(source))


def windows(trace: Trace, operation: Operation) -> Layers:
    """Overlapping windows along one axis, laid along a new last one."""
    source = operation.source()
    trace.fix_axes(operation, source, [operation.arguments["dimension"]], "slides a window over them")
    axis = operation.arguments["dimension"] % len(source.shape)
    return tuple(layer[..., None] for layer in trace.layers_of(source) if layer.shape[axis] == 1)


def channel_shuffle(trace: Trace, operation: Operation) -> Layers:
    """Channels in groups are dealt out one by one: the matrix of groups and places is transposed."""
    source = operation.source()
    ids = trace.vector(source, 1)
    if ids is None:
        return ()
    groups = ids.reshape(operation.arguments["groups"], -1)
    trace.grids[id(groups)] = groups
    return (along(groups.T.ravel(), 1, len(source.shape)),)


def pixel_shuffle(trace: Trace, operation: Operation) -> Layers:
    """Every r*r channels become one at r times the resolution: they go together."""
    ids = trace.vector(operation.source(), -3)
    if ids is None:
        return ()
    blocks = ids.reshape(operation.shape[-3], -1)
    trace.ledger.join(blocks[:, :1], blocks)
    return (along(blocks[:, 0], len(operation.shape) - 3, len(operation.shape)),)


def pixel_unshuffle(trace: Trace, operation: Operation) -> Layers:
    """Every channel becomes r*r channels at a lower resolution."""
    ids = trace.vector(operation.source(), -3)
    if ids is None:
        return ()
    times = operation.shape[-3] // len(ids)
    return (along(np.repeat(ids, times), len(operation.shape) - 3, len(operation.shape)),)


def unfold_patches(trace: Trace, operation: Operation) -> Layers:
    """`im2col`: every channel becomes a row for each place of the window."""
    ids = trace.vector(operation.source(), 1)
    if ids is None:
        return ()
    return (along(np.repeat(ids, operation.shape[1] // len(ids)), 1, len(operation.shape)),)


def fold_patches(trace: Trace, operation: Operation) -> Layers:
    """`col2im`: the rows of a window's places become one channel again."""
    ids = trace.vector(operation.source(), 1)
    if ids is None:
        return ()
    blocks = ids.reshape(operation.shape[1], -1)
    trace.ledger.join(blocks[:, :1], blocks)
    return (along(blocks[:, 0], 1, len(operation.shape)),)


MOVES: Mapping[str, Callable[[Trace, Operation], Layers]] = {
    "permute": permute,
    "transpose": transpose,
    "t": transpose,
    "numpy_T": transpose,
    "swapaxes": transpose,
    "movedim": movedim,
    "flip": flip,
    "roll": roll,
    "expand": expand,
    "broadcast_to": expand,
    "repeat": repeat,
    "tile": repeat,
    "repeat_interleave": repeat_interleave,
    "unfold": windows,
    "channel_shuffle": channel_shuffle,
    "pixel_shuffle": pixel_shuffle,
    "pixel_unshuffle": pixel_unshuffle,
    "im2col": unfold_patches,
    "col2im": fold_patches,
    **dict.fromkeys(("view", "reshape", "_unsafe_view", "flatten", "unflatten", "squeeze", "unsqueeze"), reshape),
}
"""Rule by kind of operation that moves or repeats elements."""
KEEPS_VALUES = frozenset(MOVES) | {"contiguous", "alias", "detach", "clone"}
"""Operations through which a mask may be moved back."""
