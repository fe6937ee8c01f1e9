"""Operations that only move, repeat or drop elements: run them on the ids."""

from typing import Any

import torch
from torch import Tensor

from worker.engine.coupling.identities import along, loosen, varies, varying_axes
from worker.engine.coupling.values import Operation, Trace, Turned, Value, nothing

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
        "unbind",
        "roll",
        "repeat",
        "repeat_interleave",
        "expand_as",
        "movedim",
    ]
)
"""Kinds of operations that only move elements."""
_RESHAPES = frozenset({"view", "reshape", "flatten", "unflatten"})
_TURNS = frozenset({"permute", "transpose", "t", "movedim"})
_PICKS = frozenset({"slice", "select", "unbind"})
_KEEPS_STRIDES = frozenset({"permute", "transpose", "t", "expand", "unsqueeze"})


def move(trace: Trace, operation: Operation) -> Any:
    """Ids of a view, slice, split and the like: the same operation on the ids."""
    is_view = operation.kind == "view"  # the one that asks for contiguous memory, which ids do not have
    moved = operation.call(lambda value: trace.ids_of(value).contiguous() if is_view else trace.ids_of(value))
    if operation.kind in _PICKS:
        _note_pick(trace, operation)
    if operation.kind in _KEEPS_STRIDES:
        return moved
    if isinstance(moved, list | tuple):
        return [loosen(part) for part in moved]
    moved = loosen(moved)
    if operation.kind in _RESHAPES and len(varying_axes(moved)) > 1:
        trace.rectangles.append(moved)
    return moved


def turn(operation: Operation) -> Value | None:
    """A stored tensor with its axes in another order, still known as such; None for all other operations."""
    if operation.kind not in _TURNS:
        return None
    source = operation.source()
    axes = source.turned.axes if source.turned is not None else tuple(range(source.shape.dim()))
    tensor = source.turned.tensor if source.turned is not None else source.tensor
    if tensor is None:
        return None
    order = operation.call(lambda _: torch.empty(range(len(axes)), device="meta")).shape  # sizes tell the axes apart
    turned = Turned(tensor, tuple(axes[place] for place in order))
    return Value(operation.result, nothing(operation.result), turned=turned)


def _note_pick(trace: Trace, operation: Operation) -> None:
    """An operation that takes channels at burned-in places: they cannot be mended, so none of them may go."""
    ids = trace.ids_of(operation.source())
    axis = operation.arguments["dim"] % ids.dim()
    is_single = operation.kind != "slice" or operation.arguments["step"] != 1
    if is_single and varies(ids, axis):
        trace.whole.append((ids, axis, f"`{operation.node.name}` ({operation.kind}) picks single ones out of them"))


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
