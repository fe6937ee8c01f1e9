"""Arithmetic, comparisons and choices: element by element, with broadcasting."""

import math
from functools import reduce
from typing import Any

import torch

from worker.intake.onnx.call import Call, Lowering, Table, dtype_of, rank_of, scalar_of
from worker.intake.onnx.names import is_given
from worker.intake.onnx.operators.activations import plain
from worker.intake.onnx.tensors import torch_type, type_name
from worker.intake.onnx.values import Known, Live, Value


def operand(other: Value, value: Value) -> Any:
    """`value` as a plain number where it is an unnamed constant that does not widen `other`."""
    number = scalar_of(value)
    if number is None or not isinstance(other, Live) or rank_of(value) > rank_of(other):
        return value
    is_learned = isinstance(value, Known) and is_given(value.label) and rank_of(value) > 0
    return value if is_learned or math.isnan(number) else number


def _commutative(target: str) -> Lowering:
    """Two operands in any order."""

    def lower(call: Call) -> Value:
        left, right = call.value(0), call.value(1)
        if isinstance(left, Known) and isinstance(right, Live):
            left, right = right, left
        return call.emit(target, left, operand(left, right))

    return lower


def _comparison(kind: str, mirrored: str) -> Lowering:
    """Two operands; a constant stands on the right, where need be of the mirrored comparison."""

    def lower(call: Call) -> Value:
        left, right = call.value(0), call.value(1)
        if isinstance(left, Known) and isinstance(right, Live):
            return _compare(call, mirrored, right, left)
        return _compare(call, kind, left, right)

    return lower


def _compare(call: Call, kind: str, left: Value, right: Value) -> Value:
    number = operand(left, right)
    return call.emit(f"{kind}.Tensor" if number is right else f"{kind}.Scalar", left, number)


def _logical(target: str) -> Lowering:
    """Two operands that are true or false."""
    return lambda call: call.emit(target, call.value(0), call.value(1))


def _sub(call: Call) -> Value:
    left, right = call.value(0), call.value(1)
    number = operand(right, left)
    if number is not left:
        return call.emit("rsub.Scalar", right, number)
    return call.emit("sub.Tensor", left, operand(left, right))


def _div(call: Call) -> Value:
    left, right = call.value(0), call.value(1)
    if not dtype_of(left).is_floating_point:
        return call.emit("div.Tensor_mode", left, right, rounding_mode="trunc")
    number = operand(right, left)
    if number is not left:
        inverse = call.emit("reciprocal.default", right)
        return inverse if number == 1 else call.emit("mul.Tensor", inverse, number)
    return call.emit("div.Tensor", left, operand(left, right))


def _pow(call: Call) -> Value:
    base, exponent = call.value(0), call.value(1)
    number = operand(base, exponent)
    if number is exponent:
        return call.emit("pow.Tensor_Tensor", base, exponent)
    if number == 0.5:
        return call.emit("sqrt.default", base)
    return call.emit("pow.Tensor_Scalar", base, number)


def _mod(call: Call) -> Value:
    """The sign is that of the divisor; with `fmod` that of the dividend, only on values that the file fixes."""
    left, right = call.value(0), call.value(1)
    if call.attributes.integer("fmod", 0):
        return call.fold(torch.fmod, left, right)
    return call.emit("remainder.Tensor", left, right)


def _extremum(target: str) -> Lowering:
    """Of any number of operands; against a number it is a bound."""

    def lower(call: Call) -> Value:
        return reduce(lambda left, right: _extremum_of(call, target, left, right), map(call.value, _positions(call)))

    return lower


def _extremum_of(call: Call, target: str, left: Value, right: Value) -> Value:
    if isinstance(left, Known) and isinstance(right, Live):
        left, right = right, left
    number = operand(left, right)
    if number is right:
        return call.emit(target, left, right)
    bounds = [number, None] if target.startswith("max") else [None, number]
    return call.emit("clamp.default", left, *bounds)


def _sum(call: Call) -> Value:
    def add(left: Value, right: Value) -> Value:
        return call.emit("add.Tensor", left, right)

    return reduce(add, map(call.value, _positions(call)))


def _mean(call: Call) -> Value:
    return call.emit("div.Tensor", _sum(call), float(len(_positions(call))))


def _positions(call: Call) -> range:
    return range(max(len(call.values), 1))


def _cast(call: Call) -> Value:
    return _to(call, torch_type(call.attributes.integer("to", 0)), type_name(call.attributes.integer("to", 0)))


def _cast_like(call: Call) -> Value:
    return _to(call, dtype_of(call.value(1)), "another type")


def _to(call: Call, dtype: torch.dtype | None, name: str) -> Value:
    """Floating-point types are all kept as float32, whole numbers as int64."""
    source = call.value(0)
    if dtype is None:
        raise call.refuse(f"the type {name}")
    return source if dtype_of(source) == dtype else call.emit("to.dtype", source, dtype)


def _where(call: Call) -> Value:
    condition, chosen, other = (call.value(position) for position in range(3))
    if all(isinstance(value, Known) for value in (condition, chosen, other)):
        return call.fold(torch.where, condition, chosen, other)
    return call.emit("where.self", condition, chosen, other)


OPERATORS: Table = {
    "Add": _commutative("add.Tensor"),
    "Sub": _sub,
    "Mul": _commutative("mul.Tensor"),
    "Div": _div,
    "Pow": _pow,
    "Mod": _mod,
    "Sum": _sum,
    "Mean": _mean,
    "Max": _extremum("maximum.default"),
    "Min": _extremum("minimum.default"),
    "Neg": plain("neg.default"),
    "Abs": plain("abs.default"),
    "Sqrt": plain("sqrt.default"),
    "Reciprocal": plain("reciprocal.default"),
    "Exp": plain("exp.default"),
    "Log": plain("log.default"),
    "Erf": plain("erf.default"),
    "Sin": plain("sin.default"),
    "Cos": plain("cos.default"),
    "Floor": plain("floor.default"),
    "Ceil": plain("ceil.default"),
    "Sign": plain("sign.default"),
    "Cast": _cast,
    "CastLike": _cast_like,
    "Where": _where,
    "Round": plain("round.default"),
    "Equal": _comparison("eq", "eq"),
    "Greater": _comparison("gt", "lt"),
    "GreaterOrEqual": _comparison("ge", "le"),
    "Less": _comparison("lt", "gt"),
    "LessOrEqual": _comparison("le", "ge"),
    "And": _logical("logical_and.default"),
    "Or": _logical("logical_or.default"),
    "Xor": _logical("logical_xor.default"),
    "Not": plain("logical_not.default"),
    "IsNaN": plain("isnan.default"),
}
