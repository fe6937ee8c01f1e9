"""Operators that move elements: shapes, axes, parts."""

import math
from collections.abc import Sequence

from worker.intake.onnx.call import Call, Lowering, Table, rank_of, shape_of, sizes_at
from worker.intake.onnx.fixed_batch import free_parts, free_shape
from worker.intake.onnx.refusals import damaged, quoted
from worker.intake.onnx.values import Known, Size, Value, Varying


def reshape(call: Call, source: Value, sizes: Sequence[Size]) -> Value:
    """To sizes of which at most one is -1; the only one that varies with the batch is left to torch to infer."""
    wanted = list(sizes)
    varying = [position for position, size in enumerate(wanted) if isinstance(size, Varying)]
    if len(varying) == 1 and -1 not in wanted and 0 not in wanted and not isinstance(source, Known):
        wanted[varying[0]] = -1
    return call.emit("reshape.default", source, wanted)


def _reshape(call: Call) -> Value:
    """Zeros stand for the size that is there (unless `allowzero`)."""
    source, wanted = call.value(0), call.sizes(1, "shapes")
    if wanted is None:
        raise damaged(f"holds {quoted(call.node.label)} (Reshape) without a shape.")
    own = sizes_at(source)
    if not call.attributes.integer("allowzero", 0):
        if any(size == 0 and axis >= len(own) for axis, size in enumerate(wanted)):
            raise damaged(f"copies a size that is not there at {quoted(call.node.label)} (Reshape).")
        wanted = [own[axis] if size == 0 else size for axis, size in enumerate(wanted)]
    wanted = free_shape(call.builder, source, wanted)
    if len(wanted) == 2 and len(own) > 2 and wanted in ([own[0], -1], [own[0], _volume(own[1:])]):
        return call.emit("flatten.using_ints", source, 1)
    return reshape(call, source, wanted)


def _volume(sizes: Sequence[Size]) -> int | None:
    fixed = [size for size in sizes if isinstance(size, int)]
    return math.prod(fixed) if len(fixed) == len(sizes) else None


def _flatten(call: Call) -> Value:
    """To a matrix: what is before the axis, and what is from it on."""
    source = call.value(0)
    rank = rank_of(source)
    stated = call.attributes.integer("axis", 1)
    axis = stated if stated == rank else call.axis(stated, rank)
    if axis == 1:
        return source if rank == 2 else call.emit("flatten.using_ints", source, 1)
    return reshape(call, source, [1, -1] if axis == 0 else [-1, math.prod(shape_of(source)[axis:])])


def _transpose(call: Call) -> Value:
    source = call.value(0)
    order = call.attributes.integers("perm") or list(reversed(range(rank_of(source))))
    if order == list(range(rank_of(source))):
        return source
    return call.emit("permute.default", source, order)


def _squeeze(call: Call) -> Value:
    source = call.value(0)
    axes = call.axes(1, rank_of(source))
    if axes is None:
        axes = [axis for axis, size in enumerate(sizes_at(source)) if size == 1]
    if any(sizes_at(source)[axis] != 1 for axis in axes):
        raise damaged(f"removes an axis of a size other than 1 at {quoted(call.node.label)} (Squeeze).")
    return call.emit("squeeze.dim", source, axes[0]) if len(axes) == 1 else call.emit("squeeze.dims", source, axes)


def _unsqueeze(call: Call) -> Value:
    value, stated = call.value(0), call.integers(1, "axes") or []
    for axis in sorted(call.axis(axis, rank_of(value) + len(stated)) for axis in stated):
        value = call.emit("unsqueeze.default", value, axis)
    return value


def _concat(call: Call) -> Value:
    parts = [call.value(position) for position in range(max(len(call.values), 1))]
    axis = call.axis(call.attributes.integer("axis", 0), rank_of(parts[0]))
    parts = free_parts(call.builder, parts, axis)
    return parts[0] if len(parts) == 1 else call.emit("cat.default", parts, axis)


def _split(call: Call) -> Sequence[Value]:
    source = call.value(0)
    axis = call.axis(call.attributes.integer("axis", 0), rank_of(source))
    stated = call.integers(1, "sizes of parts")
    count = call.attributes.integer("num_outputs", len(call.node.outputs))
    size = sizes_at(source)[axis]
    if not isinstance(size, int) or count < 1:
        raise call.refuse("parts of the batch")
    if stated is None:
        share = math.ceil(size / count)
        stated = [min(share, size - share * position) for position in range(count)]
    if min(stated) < 0 or sum(stated) != size or len(stated) != len(call.node.outputs):
        raise damaged(f"splits {size} elements into {stated} at {quoted(call.node.label)} (Split).")
    return call.emit_all("split_with_sizes.default", source, stated, axis)


def _expand(call: Call) -> Value:
    """Both shapes are broadcast against each other."""
    source, wanted = call.value(0), call.sizes(1, "shapes")
    if wanted is None:
        raise damaged(f"holds {quoted(call.node.label)} (Expand) without a shape.")
    own = sizes_at(source)
    width = max(len(own), len(wanted))
    mine, theirs = _wide(own, width), _wide(wanted, width)
    batch = call.builder.fixed_batch
    sizes = [
        here if there == 1 or (isinstance(here, Varying) and there == batch) else there
        for here, there in zip(mine, theirs, strict=True)
    ]
    if sizes == own:
        return source
    lead = width - len(own)
    kept = [-1 if size == here else size for size, here in zip(sizes[lead:], own, strict=True)]
    return call.emit("expand.default", source, [*sizes[:lead], *kept])


def _wide(sizes: Sequence[Size], width: int) -> list[Size]:
    return [*([1] * (width - len(sizes))), *sizes]


def _tile(call: Call) -> Value:
    source, repeats = call.value(0), call.sizes(1, "repeats") or []
    own = sizes_at(source)
    if all(repeat == 1 for repeat in repeats):
        return source
    if len(repeats) == len(own) and all(size == 1 or repeat == 1 for size, repeat in zip(own, repeats, strict=True)):
        return call.emit("expand.default", source, [-1 if repeat == 1 else repeat for repeat in repeats])
    return call.emit("repeat.default", source, repeats)


def _pixels(*, to_space: bool) -> Lowering:
    """Blocks of channels become blocks of pixels, or the other way round."""

    def lower(call: Call) -> Value:
        source, block = call.value(0), call.attributes.integer("blocksize", 0)
        if rank_of(source) != 4 or block < 1:
            raise call.refuse(f"an input of {rank_of(source)} axes and blocks of {block}")
        _, width, height, length = shape_of(source)
        if to_space:
            if call.attributes.text("mode", "DCR") == "CRD":
                return call.emit("pixel_shuffle.default", source, block)
            blocks = reshape(call, source, [-1, block, block, width // block**2, height, length])
            moved = call.emit("permute.default", blocks, [0, 3, 4, 1, 5, 2])
            return reshape(call, moved, [-1, width // block**2, height * block, length * block])
        blocks = reshape(call, source, [-1, width, height // block, block, length // block, block])
        moved = call.emit("permute.default", blocks, [0, 3, 5, 1, 2, 4])
        return reshape(call, moved, [-1, width * block**2, height // block, length // block])

    return lower


OPERATORS: Table = {
    "Reshape": _reshape,
    "Flatten": _flatten,
    "Transpose": _transpose,
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
    "Concat": _concat,
    "Split": _split,
    "Expand": _expand,
    "Tile": _tile,
    "DepthToSpace": _pixels(to_space=True),
    "SpaceToDepth": _pixels(to_space=False),
}
