"""Element-wise operations: ids at the same place are joined."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from worker.engine.coupling.identities import Ids
from worker.engine.coupling.layers import Shape, lift, reshaped, varying_axes
from worker.engine.coupling.values import Layers, Operation, Trace

_FIXED = "combines them with a value whose size cannot change"


def same(trace: Trace, operation: Operation) -> Layers:
    """One operand: its channels pass."""
    return trace.layers_of(operation.source())


@dataclass(frozen=True)
class _Operand:
    shape: Shape
    layers: Layers

    def spans(self, axis: int) -> bool:
        """Whether it is not broadcast along an axis."""
        return self.shape[axis] > 1

    def holds(self, axis: int) -> bool:
        """Whether it has channels along an axis that it spans."""
        return any(layer.shape[axis] > 1 or layer.size == 1 for layer in self.layers)


def combine(trace: Trace, operation: Operation) -> Layers:
    """Several operands: joined place by place; what varies where another operand's size is fixed cannot go."""
    values = operation.values()
    if len(values) == 1:
        return trace.layers_of(values[0])
    operands = [_operand(value.shape, trace.layers_of(value), len(operation.shape)) for value in values]
    _fix(trace, operation, operands)
    return joined(trace, [_unspread(trace, operation, operand, operands) for operand in operands])


def _unspread(trace: Trace, operation: Operation, operand: _Operand, operands: Sequence[_Operand]) -> _Operand:
    """The operand without what varies along a later axis only, where another varies along an earlier axis as well.

    Joining the two would tie all that the earlier axis tells apart, such as heads of attention whose dimension a table
    of positions spans. The table stays, and each head keeps its size.
    """
    kept = []
    for layer in operand.layers:
        axes = varying_axes(layer)
        wider = [
            other for partner in operands for other in partner.layers if _is_spread_over(axes, varying_axes(other))
        ]
        if not wider:
            kept.append(layer)
            continue
        trace.pin(operation, layer, _FIXED)
        for other in wider:
            for axis in axes:
                trace.fix(operation, other, axis, _FIXED)
    return _Operand(operand.shape, tuple(kept))


def _is_spread_over(axes: Sequence[int], others: Sequence[int]) -> bool:
    return bool(axes) and set(axes) < set(others) and others[0] < axes[0]


def reshape_as(trace: Trace, operation: Operation) -> Layers:
    """The shape of another value, whose sizes it follows."""
    source, other = operation.values()
    layers = tuple(reshaped(trace.layers_of(source), source.shape, operation.shape))
    operands = [_Operand(operation.shape, layers), _Operand(other.shape, trace.layers_of(other))]
    _fix(trace, operation, operands)
    return joined(trace, operands)


def scaled_below_zero(trace: Trace, operation: Operation) -> Layers:
    """A PReLU has one slope, or one for each channel of axis 1."""
    source, slope = operation.source(), operation.value("weight")
    if slope is None or slope.shape == (1,):
        return trace.layers_of(source)
    operands = [_Operand(source.shape, trace.layers_of(source))]
    line = [slope.shape[0] if axis == 1 else 1 for axis in range(len(source.shape))]
    operands.append(_Operand(tuple(line), tuple(layer.reshape(line) for layer in trace.layers_of(slope))))
    _fix(trace, operation, operands)
    return joined(trace, operands)


def _operand(shape: Shape, layers: Layers, axes: int) -> _Operand:
    return _Operand((1,) * (axes - len(shape)) + shape, tuple(lift(layer, axes) for layer in layers))


def _fix(trace: Trace, operation: Operation, operands: Sequence[_Operand]) -> None:
    """Every operand that spans an axis must be able to shrink along it, or none does."""
    for operand in operands:
        for layer in operand.layers:
            for axis in varying_axes(layer):
                if any(other.spans(axis) and not other.holds(axis) for other in operands):
                    trace.fix(operation, layer, axis, _FIXED)


def joined(trace: Trace, operands: Sequence[_Operand]) -> Layers:
    """The layers of a result: those of the operands, joined where they vary along a common axis."""
    result: list[tuple[Ids, Shape]] = []
    for shape, layer in [(operand.shape, layer) for operand in operands for layer in operand.layers]:
        merged = layer
        met = [known for known in result if _meet(known, (layer, shape))]
        for known, _ in met:
            trace.ledger.join(known, merged)
            merged = _broader(known, merged)
        result = [known for known in result if all(known is not other for other in met)]
        if merged.size > 1 or not result:
            result.append((merged, shape))
    return tuple(layer for layer, _ in result)


def _meet(one: tuple[Ids, Shape], other: tuple[Ids, Shape]) -> bool:
    """Whether two layers, each with the shape of its operand, vary along a common axis.

    A layer of a single channel meets another one if its operand spans all that the other's channels lie along.
    """
    single, wide = (one, other) if one[0].size == 1 else (other, one)
    if single[0].size == 1:
        return all(single[1][axis] > 1 for axis in varying_axes(wide[0]))
    return any(mine > 1 and its > 1 for mine, its in zip(one[0].shape, other[0].shape, strict=True))


def _broader(one: Ids, other: Ids) -> Ids:
    """A layer that varies along all axes on which either of two joined layers does."""
    shape = np.broadcast_shapes(one.shape, other.shape)
    if shape in (one.shape, other.shape):
        return one if one.shape == shape else other
    result: Ids = np.maximum(*np.broadcast_arrays(one, other))
    return result
