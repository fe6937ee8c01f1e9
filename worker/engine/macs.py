"""Multiply-accumulate operations of one operation, from the shapes that go in and come out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any, TypeAlias

from worker.engine.graph import Network
from worker.engine.graph.evaluation import Step
from worker.engine.graph.schema import Reference, TensorReference


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis of a result, an input or a stored tensor."""

    value: Reference | TensorReference
    place: int
    size: int


Axes: TypeAlias = tuple[Axis, ...]
_AxesOf = Callable[[Any], Axes]
_Counter = Callable[[Step, _AxesOf, Axes], tuple[Axes, ...]]
_GATES = {"lstm": 4, "gru": 3, "rnn_tanh": 1, "rnn_relu": 1}
_SEQUENCE_AXES = 3


def count_step(step: Step, network: Network) -> int:
    """Multiply-accumulate operations of a node for one example; 0 for norms, activations and movement."""
    return sum(prod(axis.size for axis in axes) for axes in multiplied_axes(step, network))


def multiplied_axes(step: Step, network: Network) -> tuple[Axes, ...]:
    """A node's multiply-accumulate operations for one example: a sum of products of the sizes of axes."""
    counter = _COUNTERS.get(step.kind) if step.node.target.startswith("aten.") else None
    if counter is None:
        return ()

    def axes_of(value: Any) -> Axes:
        if isinstance(value, TensorReference):
            shape = tuple(network.tensors[value.tensor].shape)
        elif isinstance(value, Reference):
            shape = tuple(getattr(network.shapes[value.node], "shape", ()))
        else:
            return ()
        return tuple(Axis(value, place, size) for place, size in enumerate(shape))

    return counter(step, axes_of, axes_of(Reference(step.node.name)))


def _layer(step: Step, axes_of: _AxesOf, result: Axes) -> tuple[Axes, ...]:
    """Every output element takes one multiplication for each weight of its channel."""
    return ((*result, *axes_of(step.bound["weight"])[1:]),)


def _transposed_convolution(step: Step, axes_of: _AxesOf, _result: Axes) -> tuple[Axes, ...]:
    """Every input element meets all weights of its channel."""
    return ((*axes_of(step.bound["input"]), *axes_of(step.bound["weight"])[1:]),)


def _product(name: str) -> _Counter:
    """A product of matrices: every output element is a sum along the last axis of the first factor."""
    return lambda step, axes_of, result: ((*result, axes_of(step.bound[name])[-1]),)


def _attention(step: Step, axes_of: _AxesOf, result: Axes) -> tuple[Axes, ...]:
    """Queries times keys, then weights times values."""
    queries, keys = axes_of(step.bound["query"]), axes_of(step.bound["key"])
    weights = (*result[:-1], keys[-2])
    return (*weights, queries[-1]), (*weights, result[-1])


def _einsum(step: Step, axes_of: _AxesOf, _result: Axes) -> tuple[Axes, ...]:
    """One multiplication for each combination of all indices; none where one operand is only summed or turned."""
    operands = step.bound["equation"].replace(" ", "").partition("->")[0].split(",")
    factors = [axes_of(value) for value in step.bound["tensors"]]
    if len(operands) < 2 or any("." in operand for operand in operands):
        return ()
    axes = {
        index: axis
        for operand, factor in zip(operands, factors, strict=True)
        for index, axis in zip(operand, factor, strict=True)
    }
    return (tuple(axes.values()),)


def _recurrent(step: Step, axes_of: _AxesOf, _result: Axes) -> tuple[Axes, ...]:
    """Every weight matrix is used once at each place of the sequence."""
    source = axes_of(step.bound["input"])
    places = source[:-1] if len(source) == _SEQUENCE_AXES else source[:1]
    matrices = (axes_of(weight) for weight in step.bound["params"])
    return tuple((*places, *axes) for axes in matrices if len(axes) > 1)


_COUNTERS: Mapping[str, _Counter] = {
    **dict.fromkeys(("conv1d", "conv2d", "conv3d", "linear"), _layer),
    **dict.fromkeys(("conv_transpose1d", "conv_transpose2d", "conv_transpose3d"), _transposed_convolution),
    **dict.fromkeys(_GATES, _recurrent),
    "matmul": _product("self"),
    "mm": _product("self"),
    "bmm": _product("self"),
    "addmm": _product("mat1"),
    "baddbmm": _product("batch1"),
    "einsum": _einsum,
    "scaled_dot_product_attention": _attention,
}
