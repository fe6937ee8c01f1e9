"""Mending the sizes burned into a graph (views, slices, splits, pads, groups) after channels are gone."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from worker.engine.coupling.values import Trace, Value
from worker.engine.graph import Node
from worker.engine.graph.evaluation import Step
from worker.engine.graph.schema import Reference, TensorReference, encode

Changes = Mapping[str, Any]
_SPLIT = "aten.split_with_sizes.default"
"""Uneven parts, whatever even split there was before."""


@dataclass(frozen=True)
class Mending:
    """One node to mend: its arguments as they are, the traced values, and which ids go."""

    step: Step
    found: Trace
    gone: NDArray[np.bool_]
    """Whether each id's channel goes (ids,)."""

    def value(self, name: str) -> Value:
        """A traced tensor argument."""
        argument = self.step.bound[name]
        if isinstance(argument, TensorReference):
            return self._stored(argument.tensor)
        value: Value = self.found.values[argument.node]
        return value

    def source(self) -> Value:
        """The first argument that is a tensor of the graph."""
        name = next(
            key for key, argument in self.step.bound.items() if isinstance(argument, Reference | TensorReference)
        )
        return self.value(name)

    @property
    def result(self) -> Any:
        """What the node gave: a value or a list of them."""
        return self.found.values[self.step.node.name]

    def kept(self, value: Value, axis: int) -> NDArray[np.bool_]:
        """Positions along an axis that stay, bool (size,): a position goes when all that it holds goes."""
        axis %= len(value.shape)
        for layer in value.layers:
            if layer.shape[axis] > 1:
                lines = self.gone[layer].swapaxes(0, axis).reshape(layer.shape[axis], -1)
                result: NDArray[np.bool_] = np.logical_not(lines.all(axis=1))
                return result
        return np.ones(value.shape[axis], dtype=bool)

    def size(self, value: Value, axis: int) -> int:
        """Positions along an axis that stay."""
        return int(self.kept(value, axis).sum())

    def _stored(self, tensor: str) -> Value:
        return Value(self.found.shapes[tensor], self.found.stored.get(tensor, ()), tensor=tensor)


def mend(steps: Sequence[Step], found: Trace, gone: NDArray[np.bool_]) -> tuple[Node, ...]:
    """The nodes with sizes that count only what is kept; `gone` (ids,) tells which ids go."""
    return tuple(
        _mended(Mending(step, found, gone), rule) if (rule := RULES.get(step.kind)) is not None else step.node
        for step in steps
    )


def _mended(mending: Mending, rule: Callable[[Mending], Changes]) -> Node:
    step, node = mending.step, mending.step.node
    bound = step.bound
    changes = {key: value for key, value in rule(mending).items() if bound.get(key) != value}
    if not changes:
        return node
    if "split_sizes" in changes:
        parts = (node.args[0], encode(changes["split_sizes"]), bound["dim"])
        return node.model_copy(update={"target": _SPLIT, "args": parts, "kwargs": {}})
    # positional arguments by the operation's own names: keyword-only ones stay keywords
    names = list(bound)
    args = [changes.get(name, value) for name, value in zip(names, step.args, strict=False)]
    given = {name: changes.get(name, value) for name, value in step.kwargs.items()}
    missing = {name: value for name, value in changes.items() if name not in names[: len(args)]}
    kwargs = {name: encode(value) for name, value in (given | missing).items()}
    return node.model_copy(update={"args": tuple(encode(value) for value in args), "kwargs": kwargs})


def _sizes(mending: Mending) -> Changes:
    """Literal sizes of a view, an expansion or a constant; a size worked out in the graph is left to the reshape."""
    key = next(key for key in ("size", "shape") if key in mending.step.bound)
    sizes = list(mending.step.bound[key])
    result = mending.result
    for axis, size in enumerate(sizes):
        kept = mending.size(result, axis)
        if isinstance(size, Reference):
            if kept != result.shape[axis] and -1 not in sizes:
                sizes[axis] = -1
        elif size > 0:
            sizes[axis] = kept if size == result.shape[axis] else size
    return {key: sizes}


def _repeats(mending: Mending) -> Changes:
    """How often an axis of size 1 is repeated."""
    key = next(key for key in ("repeats", "dims") if key in mending.step.bound)
    repeats, result = list(mending.step.bound[key]), mending.result
    if not isinstance(repeats, list):
        return {}
    source = mending.source()
    offset = len(repeats) - len(source.shape)
    for place, count in enumerate(repeats):
        before = source.shape[place - offset] if place >= offset else 1
        if isinstance(count, int) and before == 1 and len(repeats) == len(result.shape):
            repeats[place] = mending.size(result, place)
    return {key: repeats}


def _unflatten(mending: Mending) -> Changes:
    sizes = mending.step.bound["sizes"]
    first = mending.step.bound["dim"] % len(mending.source().shape)
    return {
        "sizes": [
            mending.size(mending.result, first + offset) if isinstance(size, int) and size > 0 else size
            for offset, size in enumerate(sizes)
        ]
    }


def _slice(mending: Mending) -> Changes:
    """Start and end of a slice (step 1 along a channel axis that changes)."""
    bound = mending.step.bound
    kept = mending.kept(mending.source(), bound["dim"])
    return {key: _count_before(kept, bound[key]) for key in ("start", "end") if isinstance(bound[key], int)}


def _count_before(kept: NDArray[np.bool_], position: int) -> int:
    if bool(kept.all()) or position >= len(kept):
        return position
    return int(kept[: position if position >= 0 else len(kept) + position].sum())


def _narrow(mending: Mending) -> Changes:
    bound = mending.step.bound
    start = _count_before(mending.kept(mending.source(), bound["dim"]), bound["start"])
    return {"start": start, "length": mending.size(mending.result, bound["dim"])}


def _split(mending: Mending) -> Changes:
    """All parts of a split keep what is theirs."""
    axis = mending.step.bound["dim"]
    if bool(mending.kept(mending.source(), axis).all()):
        return {}
    return {"split_sizes": [mending.size(part, axis) for part in mending.result]}


def _pad(mending: Mending) -> Changes:
    """Channels that a padding adds."""
    result, amounts = mending.result, list(mending.step.bound["pad"])
    for position in range(len(amounts) // 2):
        kept = mending.kept(result, len(result.shape) - 1 - position)
        if kept.all():
            continue
        before, after = amounts[2 * position : 2 * position + 2]
        if before > 0:
            amounts[2 * position] = int(kept[:before].sum())
        if after > 0:
            amounts[2 * position + 1] = int(kept[len(kept) - after :].sum())
    return {"pad": amounts}


def _roll(mending: Mending) -> Changes:
    """How far a roll goes, along axes that lose something."""
    bound, source = mending.step.bound, mending.source()
    shifts = list(bound["shifts"])
    for place, (shift, axis) in enumerate(zip(shifts, bound["dims"], strict=False)):
        kept = mending.kept(source, axis)
        if not kept.all():
            shifts[place] = int(kept[len(kept) - shift % len(kept) :].sum()) if shift % len(kept) else 0
    return {"shifts": shifts}


def _groups(mending: Mending) -> Changes:
    """Groups of a convolution that lose all their channels."""
    groups, result = mending.step.bound["groups"], mending.result
    if groups == 1:
        return {}
    axis = len(result.shape) - len(mending.value("weight").shape) + 1
    kept = mending.kept(result, axis).reshape(groups, -1)
    return {"groups": int(kept.any(1).sum())}


def _shuffled(mending: Mending) -> Changes:
    """Groups of a channel shuffle that lose all their channels."""
    kept = mending.kept(mending.source(), 1).reshape(mending.step.bound["groups"], -1)
    return {"groups": int(kept.any(1).sum())}


def _normalized(mending: Mending) -> Changes:
    """Sizes of the last axes that a norm goes over."""
    source, count = mending.source(), len(mending.step.bound["normalized_shape"])
    return {"normalized_shape": [mending.size(source, axis) for axis in range(-count, 0)]}


def _norm_groups(mending: Mending) -> Changes:
    """Groups of a group norm that lose all their channels."""
    groups = mending.step.bound["num_groups"]
    return {"num_groups": int(mending.kept(mending.source(), 1).reshape(groups, -1).any(1).sum())}


def _scale(mending: Mending) -> Changes:
    """The scale that follows from the size of a head, when a head loses some of it: it stays what it was."""
    query = mending.value("query")
    if mending.step.bound["scale"] is not None or mending.kept(query, -1).all():
        return {}
    return {"scale": query.shape[-1] ** -0.5}


RULES: Mapping[str, Callable[[Mending], Changes]] = {
    **dict.fromkeys(("view", "_unsafe_view", "reshape", "expand", "broadcast_to"), _sizes),
    **dict.fromkeys(("zeros", "ones", "full", "new_zeros", "new_ones", "new_full"), _sizes),
    **dict.fromkeys(("repeat", "tile"), _repeats),
    "unflatten": _unflatten,
    **dict.fromkeys(("slice", "slice_scatter"), _slice),
    "narrow": _narrow,
    **dict.fromkeys(("split", "chunk", "split_with_sizes", "tensor_split"), _split),
    **dict.fromkeys(("pad", "constant_pad_nd"), _pad),
    "roll": _roll,
    "channel_shuffle": _shuffled,
    **dict.fromkeys(
        ("conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d"), _groups
    ),
    **dict.fromkeys(("layer_norm", "rms_norm"), _normalized),
    "group_norm": _norm_groups,
    "scaled_dot_product_attention": _scale,
}
"""What changes in a node's arguments, by kind of operation."""
