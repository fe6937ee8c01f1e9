"""Reductions over axes that an attribute or, since opset 18 (sums: 13), an input names."""

from collections.abc import Callable
from typing import Any, TypeAlias

from worker.intake.onnx.call import Call, Lowering, Table, rank_of
from worker.intake.onnx.values import Value

Reduce: TypeAlias = Callable[[Call, Any, list[int], bool], Value]


def _reduction(reduce: Reduce) -> Lowering:
    def lower(call: Call) -> Value:
        source = call.value(0)
        rank = rank_of(source)
        axes, keep = call.axes(1, rank), bool(call.attributes.integer("keepdims", 1))
        if not axes and call.attributes.integer("noop_with_empty_axes", 0):  # every element by itself
            source, axes, keep = call.emit("unsqueeze.default", source, rank), [rank], False
        return reduce(call, source, axes or list(range(rank)), keep)

    return lower


def _direct(target: str) -> Reduce:
    return lambda call, source, axes, keep: call.emit(target, source, axes, keep)


def _squares(call: Call, source: Value, axes: list[int], keep: bool) -> Value:  # noqa: FBT001 - one of many reductions
    return call.emit("sum.dim_IntList", call.emit("mul.Tensor", source, source), axes, keep)


def _product(call: Call, source: Value, axes: list[int], keep: bool) -> Value:  # noqa: FBT001 - one of many reductions
    for axis in reversed(axes):
        source = call.emit("prod.dim_int", source, axis, keep)
    return source


_sum = _direct("sum.dim_IntList")

OPERATORS: Table = {
    "ReduceMean": _reduction(_direct("mean.dim")),
    "ReduceSum": _reduction(_sum),
    "ReduceMax": _reduction(_direct("amax.default")),
    "ReduceMin": _reduction(_direct("amin.default")),
    "ReduceProd": _reduction(_product),
    "ReduceSumSquare": _reduction(_squares),
    "ReduceL1": _reduction(lambda call, x, axes, keep: _sum(call, call.emit("abs.default", x), axes, keep)),
    "ReduceL2": _reduction(lambda call, x, axes, keep: call.emit("sqrt.default", _squares(call, x, axes, keep))),
    "ReduceLogSum": _reduction(lambda call, x, axes, keep: call.emit("log.default", _sum(call, x, axes, keep))),
    "ReduceLogSumExp": _reduction(_direct("logsumexp.default")),
}
