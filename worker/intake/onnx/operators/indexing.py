"""Operators that take elements at places which the file fixes, and embeddings."""

import torch

from worker.intake.onnx.call import Call, Table, dtype_of, rank_of, scalar_of, sizes_at
from worker.intake.onnx.operators.movement import reshape
from worker.intake.onnx.refusals import damaged, quoted
from worker.intake.onnx.values import Known, Size, Value, Varying, known

FAR = 2**62
"""Exporters write an end beyond every size for `until the end`."""


def _slice(call: Call) -> Value:
    value = call.value(0)
    starts, ends = call.sizes(1, "places"), call.sizes(2, "places")
    if starts is None or ends is None:
        raise damaged(f"holds {quoted(call.node.label)} (Slice) without its starts or ends.")
    axes = call.integers(3, "axes")
    axes = list(range(len(starts))) if axes is None else axes
    steps = call.integers(4, "steps") or [1] * len(starts)
    if not len(starts) == len(ends) == len(axes) == len(steps) or 0 in steps:
        raise damaged(f"states starts, ends, axes and steps of {quoted(call.node.label)} (Slice) that do not fit.")
    for axis, start, end, step in zip(axes, starts, ends, steps, strict=True):
        value = _slice_axis(call, value, call.axis(axis, rank_of(value)), (start, end, step))
    return value


def _slice_axis(call: Call, value: Value, axis: int, span: tuple[Size, Size, int]) -> Value:
    """One axis; going backwards is flipping first."""
    start, end, step = span
    size = sizes_at(value)[axis]
    if _takes_all(size, start, end) and step == 1:
        return value
    if not isinstance(size, int):
        if start == 0 and end == call.builder.fixed_batch and step == 1:
            return value
        raise call.refuse("a part of the batch")
    if not isinstance(start, int) or not isinstance(end, int):
        raise call.refuse("places that depend on the batch size")
    if step < 0:
        first, last = _backwards(start, size), _backwards(end, size)
        return call.emit("slice.Tensor", call.emit("flip.default", value, [axis]), axis, first, last, -step)
    return call.emit("slice.Tensor", value, axis, _inside(start, size), _inside(end, size), step)


def _takes_all(size: Size, start: Size, end: Size) -> bool:
    if start != 0 or end == size:
        return start == 0
    return isinstance(end, int) and end >= (max(size.values) if isinstance(size, Varying) else size)


def _inside(place: int, size: int) -> int:
    return min(max(place + size if place < 0 else place, 0), size)


def _backwards(place: int, size: int) -> int:
    """A place counted on the flipped axis."""
    place = place + size if place < 0 else place
    return size - 1 - min(max(place, -1), size - 1)


def _gather(call: Call) -> Value:
    source, places = call.value(0), call.value(1)
    axis = call.axis(call.attributes.integer("axis", 0), rank_of(source))
    if isinstance(source, Known) and not isinstance(places, Known):
        if axis == 0 and rank_of(source) == 2 and dtype_of(source).is_floating_point:
            return call.emit("embedding.default", source, places)
        raise call.refuse("places that depend on the input (but for rows of a table)")
    if not isinstance(places, Known):
        raise call.refuse("places that depend on the input (but for rows of a table)")
    if isinstance(source, Known):
        taken = call.fold(lambda table, at: _take(table, axis, at), source, places)
        return Known(taken.tensors, source.label)  # such as the rows of a table of positions that are used
    return _gather_live(call, source, axis, call.fixed(1, "places").tensor)


def _gather_live(call: Call, source: Value, axis: int, places: torch.Tensor) -> Value:
    size = sizes_at(source)[axis]
    if not isinstance(size, int):
        raise call.refuse("examples picked out of the batch")
    places = torch.where(places < 0, places + size, places)
    if places.numel() == 0 or int(places.min()) < 0 or int(places.max()) >= size:
        raise damaged(f"reads beyond {size} elements at {quoted(call.node.label)} (Gather).")
    number = scalar_of(known([places])) if places.dim() == 0 else None
    if number is not None:
        return call.emit("select.int", source, axis, int(number))
    flat = places.flatten()
    first = int(flat[0])
    if torch.equal(flat, torch.arange(first, first + len(flat))):
        taken = call.emit("slice.Tensor", source, axis, first, first + len(flat))
    else:
        taken = call.emit("index_select.default", source, axis, known([flat]))
    if places.dim() == 1:
        return taken
    own = sizes_at(source)
    return reshape(call, taken, [*own[:axis], *places.shape, *own[axis + 1 :]])


def _take(table: torch.Tensor, axis: int, places: torch.Tensor) -> torch.Tensor:
    places = torch.where(places < 0, places + table.size(axis), places).long()
    shape = [*table.shape[:axis], *places.shape, *table.shape[axis + 1 :]]
    return table.index_select(axis, places.flatten()).reshape(shape)


def _pad(call: Call) -> Value:
    """Amounts for all axes or (since opset 18) for those named; a mode other than `constant` pads the last axes."""
    source = call.value(0)
    rank = rank_of(source)
    amounts = call.integers(1, "amounts") or []
    stated = call.integers(3, "axes")
    axes = list(range(rank)) if stated is None else [call.axis(axis, rank) for axis in stated]
    if len(amounts) != 2 * len(axes):
        raise damaged(f"pads {len(axes)} axes by {len(amounts)} amounts at {quoted(call.node.label)} (Pad).")
    pairs = [(0, 0)] * rank
    for position, axis in enumerate(axes):
        pairs[axis] = (amounts[position], amounts[position + len(axes)])
    used = [axis for axis, pair in enumerate(pairs) if pair != (0, 0)]
    if not used:
        return source
    flat = [amount for pair in reversed(pairs[min(used) :]) for amount in pair]
    mode = call.attributes.text("mode", "constant")
    if mode == "constant":
        fill = scalar_of(call.optional(2)) if call.optional(2) is not None else 0.0
        if fill is None:
            raise call.refuse("a value that the input decides")
        return call.emit("constant_pad_nd.default", source, flat, fill)
    torch_mode = {"reflect": "reflect", "edge": "replicate", "wrap": "circular"}.get(mode)
    if torch_mode is None:
        raise call.refuse(f"the mode {quoted(mode)}")
    last = [amount for pair in reversed(pairs[2 if rank > 2 else 1 :]) for amount in pair]
    return call.emit("pad.default", source, last if min(used) >= (2 if rank > 2 else 1) else flat, torch_mode)


def _gather_elements(call: Call) -> Value:
    """One element for each place along an axis; only of values that the file fixes."""
    axis = call.axis(call.attributes.integer("axis", 0), rank_of(call.value(0)))

    def pick(table: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
        return table.gather(axis, torch.where(places < 0, places + table.size(axis), places))

    return call.fold(pick, call.value(0), call.value(1))


def _gather_nd(call: Call) -> Value:
    """Parts at places given by several numbers each; only of values that the file fixes."""
    if call.attributes.integer("batch_dims", 0):
        raise call.refuse("batch_dims")
    return call.fold(lambda table, places: table[places.unbind(-1)], call.value(0), call.value(1))


def _scatter_nd(call: Call) -> Value:
    """Parts of a constant replaced, as exporters write assignments to slices; only where the file fixes all."""
    if call.attributes.text("reduction", "none") != "none":
        raise call.refuse("a reduction")

    def put(table: torch.Tensor, places: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
        return table.index_put(places.unbind(-1), values)

    return call.fold(put, *(call.value(position) for position in range(3)))


OPERATORS: Table = {
    "Slice": _slice,
    "Gather": _gather,
    "GatherElements": _gather_elements,
    "GatherND": _gather_nd,
    "ScatterND": _scatter_nd,
    "Pad": _pad,
}
