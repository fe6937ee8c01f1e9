"""Sizes burned into a graph (views, slices, splits, pads, groups) after channels are gone."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from worker.engine.coupling.identities import compact
from worker.engine.coupling.values import Trace
from worker.engine.graph import Graph, Node
from worker.engine.graph.operations import bind, kind
from worker.engine.graph.schema import Reference, decode, encode

Bound = dict[str, Any]
_SPLIT = "aten.split_with_sizes.default"
"""Uneven parts, whatever even split there was before."""


def mend(graph: Graph, found: Trace, removed: Tensor) -> tuple[Node, ...]:
    """The graph's nodes with sizes that count only what is kept; `removed` (ids,) tells which ids go."""
    return tuple(_mended(node, found, removed) for node in graph.nodes)


def _mended(node: Node, found: Trace, removed: Tensor) -> Node:
    rule = _RULES.get(kind(node.target))
    first = decode(node.args[0]) if node.args else None
    if rule is None or not isinstance(first, Reference):
        return node
    bound = bind(node.target, tuple(decode(value) for value in node.args), _decoded(node.kwargs))
    changes = rule(bound, found.ids[first.node], found.ids[node.name], removed)
    if all(bound.get(key) == value for key, value in changes.items()):
        return node
    if "split_sizes" in changes:
        parts = (node.args[0], encode(changes["split_sizes"]), bound["dim"])
        return node.model_copy(update={"target": _SPLIT, "args": parts, "kwargs": {}})
    # positional arguments by the operation's own names: keyword-only ones stay keywords
    names = list(bound)
    args = [changes.get(name, decode(value)) for name, value in zip(names, node.args, strict=False)]
    kwargs = {name: changes.get(name, decode(value)) for name, value in node.kwargs.items()}
    missing = {name: value for name, value in changes.items() if name not in names[: len(args)]}
    encoded = {name: encode(value) for name, value in (kwargs | missing).items()}
    return node.model_copy(update={"args": tuple(encode(value) for value in args), "kwargs": encoded})


def _decoded(kwargs: Mapping[str, Any]) -> dict[str, Any]:
    return {key: decode(value) for key, value in kwargs.items()}


def _kept(ids: Tensor, axis: int, removed: Tensor) -> Tensor:
    """Positions along an axis that stay, bool (size,): a position goes when all that it holds goes."""
    gone = removed[compact(ids)]
    if gone.size(axis) != ids.size(axis):
        return torch.full((ids.size(axis),), fill_value=not bool(gone.all()))
    return ~gone.movedim(axis, 0).reshape(ids.size(axis), -1).all(1)


def _view(bound: Bound, _source: Tensor, result: Tensor, removed: Tensor) -> Bound:
    """Literal sizes of a view, reshape or expand."""
    sizes = list(bound["size" if "size" in bound else "shape"])
    for axis, size in enumerate(sizes):
        if isinstance(size, int) and size > 0:
            sizes[axis] = int(_kept(result, axis, removed).sum())
    return {"size" if "size" in bound else "shape": sizes}


def _unflatten(bound: Bound, source: Tensor, result: Tensor, removed: Tensor) -> Bound:
    first = bound["dim"] % source.dim()
    sizes = [
        int(_kept(result, first + offset, removed).sum()) if isinstance(size, int) and size > 0 else size
        for offset, size in enumerate(bound["sizes"])
    ]
    return {"sizes": sizes}


def _slice(bound: Bound, source: Tensor, _result: Tensor, removed: Tensor) -> Bound:
    """Start and end of a slice (step 1 along a channel axis that changes)."""
    kept = _kept(source, bound["dim"] % source.dim(), removed)
    return {key: _count_before(kept, bound[key]) for key in ("start", "end") if isinstance(bound[key], int)}


def _count_before(kept: Tensor, position: int) -> int:
    if bool(kept.all()) or position >= len(kept):
        return position
    return int(kept[: position if position >= 0 else len(kept) + position].sum())


def _narrow(bound: Bound, source: Tensor, result: Tensor, removed: Tensor) -> Bound:
    axis = bound["dim"] % source.dim()
    start = _count_before(_kept(source, axis, removed), bound["start"])
    return {"start": start, "length": int(_kept(result, axis, removed).sum())}


def _split(bound: Bound, source: Tensor, result: list[Tensor], removed: Tensor) -> Bound:
    """All parts of a split keep what is theirs."""
    axis = bound["dim"] % source.dim()
    if bool(_kept(source, axis, removed).all()):
        return {}
    return {"split_sizes": [int(_kept(part, axis, removed).sum()) for part in result]}


def _pad(bound: Bound, _source: Tensor, result: Tensor, removed: Tensor) -> Bound:
    """Channels that a padding adds."""
    amounts = list(bound["pad"])
    for position in range(len(amounts) // 2):
        kept = _kept(result, result.dim() - 1 - position, removed)
        before, after = amounts[2 * position : 2 * position + 2]
        if before > 0:
            amounts[2 * position] = int(kept[:before].sum())
        if after > 0:
            amounts[2 * position + 1] = int(kept[len(kept) - after :].sum())
    return {"pad": amounts}


def _groups(bound: Bound, _source: Tensor, result: Tensor, removed: Tensor) -> Bound:
    """Groups of a depthwise convolution: one for each channel."""
    if bound["groups"] == 1:
        return {}
    return {"groups": int(_kept(result, 1, removed).sum())}


_RULES: Mapping[str, Callable[[Bound, Any, Any, Tensor], Bound]] = {
    "view": _view,
    "reshape": _view,
    "expand": _view,
    "unflatten": _unflatten,
    "slice": _slice,
    "narrow": _narrow,
    "split": _split,
    "chunk": _split,
    "split_with_sizes": _split,
    "pad": _pad,
    "constant_pad_nd": _pad,
    "conv1d": _groups,
    "conv2d": _groups,
}
