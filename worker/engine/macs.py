"""Multiply-accumulate operations of one operation, from the shapes that go in and come out."""

from collections.abc import Callable, Mapping
from math import prod
from typing import Any

from worker.engine.graph import Network
from worker.engine.graph.evaluation import Step
from worker.engine.graph.schema import Reference, TensorReference

_Shape = tuple[int, ...]
_ShapeOf = Callable[[Any], _Shape]
_GATES = {"lstm": 4, "gru": 3, "rnn_tanh": 1, "rnn_relu": 1}
_SEQUENCE_AXES = 3


def count_step(step: Step, network: Network) -> int:
    """Multiply-accumulate operations of a node for one example; 0 for norms, activations and movement."""
    counter = _COUNTERS.get(step.kind) if step.node.target.startswith("aten.") else None
    if counter is None:
        return 0

    def shape_of(value: Any) -> _Shape:
        if isinstance(value, TensorReference):
            return tuple(network.tensors[value.tensor].shape)
        return tuple(network.shapes[value.node].shape) if isinstance(value, Reference) else ()

    result = network.shapes[step.node.name]
    return counter(step, shape_of, tuple(result.shape) if hasattr(result, "shape") else ())


def _layer(step: Step, shape_of: _ShapeOf, result: _Shape) -> int:
    """Every output element takes one multiplication for each weight of its channel."""
    return prod(result) * prod(shape_of(step.bound["weight"])[1:])


def _transposed_convolution(step: Step, shape_of: _ShapeOf, _result: _Shape) -> int:
    """Every input element meets all weights of its channel."""
    return prod(shape_of(step.bound["input"])) * prod(shape_of(step.bound["weight"])[1:])


def _product(name: str) -> Callable[[Step, _ShapeOf, _Shape], int]:
    """A product of matrices: every output element is a sum along the last axis of the first factor."""
    return lambda step, shape_of, result: prod(result) * shape_of(step.bound[name])[-1]


def _attention(step: Step, shape_of: _ShapeOf, result: _Shape) -> int:
    """Queries times keys, then weights times values."""
    queries, keys = shape_of(step.bound["query"]), shape_of(step.bound["key"])
    return prod(result[:-1]) * keys[-2] * (queries[-1] + result[-1])


def _einsum(step: Step, shape_of: _ShapeOf, _result: _Shape) -> int:
    """One multiplication for each combination of all indices; 0 where one operand is only summed or turned."""
    operands = step.bound["equation"].replace(" ", "").partition("->")[0].split(",")
    shapes = [shape_of(value) for value in step.bound["tensors"]]
    if len(operands) < 2 or any("." in operand for operand in operands):
        return 0
    sizes = {
        index: size
        for operand, shape in zip(operands, shapes, strict=True)
        for index, size in zip(operand, shape, strict=True)
    }
    return prod(sizes.values())


def _recurrent(step: Step, shape_of: _ShapeOf, _result: _Shape) -> int:
    """Every weight matrix is used once at each place of the sequence."""
    source = shape_of(step.bound["input"])
    places = prod(source[:-1]) if len(source) == _SEQUENCE_AXES else prod(source[:1])
    matrices = (shape_of(weight) for weight in step.bound["params"])
    return places * sum(prod(shape) for shape in matrices if len(shape) > 1)


_COUNTERS: Mapping[str, Callable[[Step, _ShapeOf, _Shape], int]] = {
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
