"""Operations that only move, repeat or drop elements: run them on the ids."""

from typing import Any

import torch
from torch import Tensor

from worker.engine.coupling.identities import along, loosen, varies, varying_axes
from worker.engine.coupling.values import Operation, Trace

MOVES = frozenset(
    [
        "view",
        "reshape",
        "flatten",
        "unflatten",
        "permute",
        "transpose",
        "t",
        "squeeze",
        "unsqueeze",
        "expand",
        "contiguous",
        "alias",
        "detach",
        "clone",
        "slice",
        "select",
        "narrow",
        "flip",
        "split",
        "split_with_sizes",
        "chunk",
    ]
)
"""Kinds of operations that only move elements."""
_RESHAPES = frozenset({"view", "reshape", "flatten", "unflatten"})
_PICKS = frozenset({"slice", "select"})
_KEEPS_STRIDES = frozenset({"permute", "transpose", "t", "expand", "unsqueeze"})


def move(trace: Trace, operation: Operation) -> Any:
    """Ids of a view, slice, split and the like: the same operation on the ids."""
    is_view = operation.kind == "view"  # the one that asks for contiguous memory, which ids do not have
    moved = operation.call(lambda value: trace.ids_of(value).contiguous() if is_view else trace.ids_of(value))
    if operation.kind in _PICKS and _picks_channels(trace, operation):
        trace.lock(operation, "picks single ones out of them")
    if operation.kind in _KEEPS_STRIDES:
        return moved
    if isinstance(moved, list | tuple):
        return [loosen(part) for part in moved]
    moved = loosen(moved)
    return _rectangular(trace, moved) if operation.kind in _RESHAPES else moved


def _picks_channels(trace: Trace, operation: Operation) -> bool:
    """Whether an operation takes channels at burned-in places that cannot be mended."""
    ids = trace.ids_of(operation.source())
    step = operation.arguments.get("step", 1)
    is_single = operation.kind == "select" or step != 1
    return is_single and varies(ids, operation.arguments["dim"] % ids.dim())


def _rectangular(trace: Trace, ids: Tensor) -> Tensor:
    """Join ids so that they vary along one axis only: what is removed from a view must leave a rectangle."""
    axes = varying_axes(ids)
    if len(axes) <= 1:
        return ids
    longest = max(axes, key=ids.size)
    return along(trace.merge(ids, longest), longest, ids.shape)


def concatenate(trace: Trace, operation: Operation) -> Tensor:
    """Ids side by side; what varies along another axis must vary alike in every part."""
    parts = [trace.ids_of(value) for value in operation.values()]
    axis = operation.arguments["dim"]
    if operation.kind == "cat":
        _align(trace, parts, axis % parts[0].dim())
    return loosen(operation.call(trace.ids_of))


def _align(trace: Trace, parts: list[Tensor], axis: int) -> None:
    varying = [part for part in parts if any(varies(part, other) for other in range(part.dim()) if other != axis)]
    for part in varying:
        trace.ledger.join(varying[0].narrow(axis, 0, 1), part)


def pad(trace: Trace, operation: Operation) -> Tensor:
    """Zero channels that a padding adds are channels of their own; padded pixels belong to the channel around them."""
    ids = trace.ids_of(operation.source())
    if operation.arguments.get("mode", "constant") != "constant":
        trace.lock(operation, "pads in a way for which there is no rule yet")
    amounts = list(operation.arguments["pad"])
    for position in range(len(amounts) // 2):
        axis = ids.dim() - 1 - position
        before, after = amounts[2 * position : 2 * position + 2]
        ids = _pad_axis(trace, ids, axis, before, after)
    return loosen(ids)


def _pad_axis(trace: Trace, ids: Tensor, axis: int, before: int, after: int) -> Tensor:
    if varies(ids, axis):
        pieces = [_fresh(trace, ids, axis, before), _crop(ids, axis, before, after), _fresh(trace, ids, axis, after)]
        return torch.cat([piece for piece in pieces if piece.size(axis)], axis)
    length = ids.size(axis) + before + after
    shape = [length if other == axis else size for other, size in enumerate(ids.shape)]
    return ids.narrow(axis, 0, 1).expand(shape)


def _crop(ids: Tensor, axis: int, before: int, after: int) -> Tensor:
    start = max(-before, 0)
    return ids.narrow(axis, start, ids.size(axis) - start - max(-after, 0))


def _fresh(trace: Trace, ids: Tensor, axis: int, count: int) -> Tensor:
    count = max(count, 0)
    shape = [count if other == axis else size for other, size in enumerate(ids.shape)]
    return along(trace.ledger.new(count), axis, shape)
