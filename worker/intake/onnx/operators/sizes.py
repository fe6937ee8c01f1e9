"""Shapes and other numbers that the file fixes, computed while it is read; the batch size stays open."""

import torch
from torch import Tensor

from worker.intake.onnx.builder import MAX_FOLDED
from worker.intake.onnx.call import Call, Table, rank_of
from worker.intake.onnx.names import is_given
from worker.intake.onnx.refusals import damaged, quoted
from worker.intake.onnx.values import Known, Value, known


def _constant(call: Call) -> Value:
    tensor = call.attributes.constant()
    if tensor is None:
        raise call.refuse("a value that is no dense tensor of numbers")
    name = call.node.outputs[0]
    return known([tensor], name if is_given(name) else None)


def _shapes(value: Value) -> list[torch.Size]:
    return [tensor.shape for tensor in (value.tensors if isinstance(value, Known) else value.metas)]


def _shape(call: Call) -> Value:
    rank = rank_of(call.value(0))
    start, end = call.attributes.integer("start", 0), call.attributes.integer("end", rank)
    return known([torch.tensor(list(shape)[start:end], dtype=torch.int64) for shape in _shapes(call.value(0))])


def _size(call: Call) -> Value:
    return known([torch.tensor(shape.numel()) for shape in _shapes(call.value(0))])


def _constant_of_shape(call: Call) -> Value:
    """One number, spread without copying it."""
    fill = call.attributes.tensor("value")
    fill = torch.zeros(1) if fill is None else fill
    if fill.numel() != 1:
        raise damaged(f"fills {quoted(call.node.label)} (ConstantOfShape) with {fill.numel()} numbers instead of one.")
    sizes = call.sizes(0, "shapes") or []
    return call.emit("expand.default", known([fill.reshape([])]), sizes)


def _range(call: Call) -> Value:
    def count(start: Tensor, limit: Tensor, delta: Tensor) -> Tensor:
        if float(delta) == 0 or (float(limit) - float(start)) / float(delta) > MAX_FOLDED:
            raise ValueError("a range of too many numbers")
        return torch.arange(start.item(), limit.item(), delta.item(), dtype=start.dtype)

    return call.fold(count, *(call.value(position) for position in range(3)))


def _cumulative_sum(call: Call) -> Value:
    """Over one axis, possibly backwards and without the element itself; only of values that the file fixes."""
    axis = call.axis((call.integers(1, "axes") or [0])[0], rank_of(call.value(0)))
    is_reverse, is_exclusive = call.attributes.integer("reverse", 0), call.attributes.integer("exclusive", 0)

    def sum_up(values: Tensor) -> Tensor:
        values = values.flip(axis) if is_reverse else values
        total = values.cumsum(axis) - (values if is_exclusive else 0)
        return total.flip(axis) if is_reverse else total

    return call.fold(sum_up, call.value(0))


def _triangle(call: Call) -> Value:
    """The upper or lower triangle of constant matrices, such as causal masks."""
    diagonal = (call.integers(1, "diagonals") or [0])[0]
    cut = torch.triu if call.attributes.integer("upper", 1) else torch.tril
    return call.fold(lambda matrix: cut(matrix, diagonal), call.value(0))


def _non_zero(call: Call) -> Value:
    return call.fold(lambda values: torch.nonzero(values).t().contiguous(), call.value(0))


OPERATORS: Table = {
    "Constant": _constant,
    "ConstantOfShape": _constant_of_shape,
    "Shape": _shape,
    "Size": _size,
    "Range": _range,
    "CumSum": _cumulative_sum,
    "Trilu": _triangle,
    "NonZero": _non_zero,
}
