"""Batch sizes that an exporter burned into shapes, made free again where their place is clear."""

import math
from collections.abc import Sequence

import torch

from worker.intake.onnx.builder import Builder
from worker.intake.onnx.call import rank_of, shape_of
from worker.intake.onnx.values import Known, Live, Size, Value, Varying, known


def free_shape(builder: Builder, source: Value, target: Sequence[Size]) -> list[Size]:
    """The sizes to which a value is reshaped, with a burned-in batch size replaced by one that varies.

    Sizes are returned unchanged where the file left the batch open, or where they follow it already.
    """
    batch = builder.fixed_batch
    if batch is None or not isinstance(source, Live) or any(isinstance(size, Varying) for size in target):
        return list(target)
    sizes = _without_hole([size for size in target if isinstance(size, int)], shape_of(source).numel())
    axis = _batch_axis(source)
    place = None if axis is None or sizes is None else _place(shape_of(source), axis, sizes, batch)
    if sizes is None or place is None or target[place] == -1:
        return list(target)
    _note(builder)
    counts = Varying(tuple(sizes[place] // batch * count for count in builder.batches))
    return [counts if position == place else size for position, size in enumerate(sizes)]


def _without_hole(sizes: Sequence[int], count: int) -> list[int] | None:
    """Sizes with -1 worked out; None where they do not hold `count` elements."""
    known_count = math.prod(size for size in sizes if size != -1)
    filled = [count // known_count if size == -1 and known_count else size for size in sizes]
    return filled if math.prod(filled) == count else None


def _batch_axis(source: Live) -> int | None:
    """The axis of a value that grows with the batch; None when there is no such, or more than one."""
    first, second = source.metas[0].shape, source.metas[1].shape
    axes = [axis for axis in range(len(first)) if first[axis] != second[axis]]
    return axes[0] if len(axes) == 1 else None


def _place(own: Sequence[int], axis: int, sizes: Sequence[int], batch: int) -> int | None:
    """Where in `sizes` the batch is, that is (part of) `axis` of `own`.

    It may stand alone, lead an axis, end one (likelier where axes are merged), or be inside of one. At batch size 1
    this is a guess; what was guessed is checked by running the network.
    """
    before, through = math.prod(own[:axis]), math.prod(own[: axis + 1])
    spans = [(math.prod(sizes[:at]), math.prod(sizes[: at + 1])) for at in range(len(sizes))]
    fits = [at for at, (head, end) in enumerate(spans) if head and (end // head) % batch == 0]
    alone = [at for at in fits if sizes[at] == batch and before <= spans[at][0] <= through // batch]
    leads = [at for at in fits if spans[at][0] == before]
    ends = [at for at in fits if spans[at][1] == through]
    inside = [at for at in fits if spans[at][0] <= before < spans[at][1]]
    merged = [*ends, *leads] if len(sizes) < len(own) else [*leads, *ends]
    return next(iter([*alone, *merged, *inside]), None)


def free_parts(builder: Builder, parts: Sequence[Value], axis: int) -> list[Value]:
    """Parts of a concatenation; constants that the exporter repeated for its batch are repeated for every one."""
    live = [part for part in parts if isinstance(part, Live)]
    batch_axis = _batch_axis(live[0]) if builder.fixed_batch is not None and live else None
    if batch_axis is None or batch_axis == axis:
        return list(parts)
    return [_repeat(builder, part, batch_axis) if isinstance(part, Known) else part for part in parts]


def _repeat(builder: Builder, part: Known, axis: int) -> Known:
    tensor = part.tensor
    if not part.is_fixed or rank_of(part) <= axis or tensor.size(axis) != builder.fixed_batch:
        return part
    row = tensor.narrow(axis, 0, 1)
    if not torch.equal(row.expand_as(tensor), tensor):
        return part
    _note(builder)
    sizes = [[count if other == axis else -1 for other in range(tensor.dim())] for count in builder.batches]
    return known([row.expand(size) for size in sizes], part.label)


def _note(builder: Builder) -> None:
    if builder.node is not None:
        builder.loosened.append(builder.node.label)
