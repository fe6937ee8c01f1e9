"""Channels whose value does not depend on the input: constants are followed from zero weights to the layers that read.

Only what is exact is followed: an operation without a rule makes everything depend on the input.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import cast

import numpy as np
import torch
from torch import Tensor

from worker.engine.constant_moves import MOVES, Outcome
from worker.engine.constant_places import Constants, Place
from worker.engine.constant_products import PRODUCTS
from worker.engine.coupling.example_axes import ExampleAxes
from worker.engine.coupling.identities import Ids
from worker.engine.coupling.layers import lift
from worker.engine.graph import Network
from worker.engine.graph.operations import OPERATIONS
from worker.engine.graph.schema import Reference, TensorReference


def find_constants(network: Network) -> Mapping[str, Constants]:
    """Constants of every node's result (1, ...) in evaluation mode, by name; nodes without any are left out."""
    found: dict[str, Constants] = {}
    pieces: dict[str, Sequence[Constants]] = {}
    examples = ExampleAxes(network)
    for step in network.steps:
        rule, result = _RULES.get(step.kind), network.shapes[step.node.name]
        if rule is None or isinstance(result, int):
            continue
        first = result if isinstance(result, Tensor) else result[0]
        shape = tuple(first.shape) if isinstance(first, Tensor) else ()
        constants = rule(Place(network, examples, step, shape, found, pieces))
        if isinstance(constants, np.ndarray) and isinstance(result, Tensor):
            if not np.isnan(constants).all():
                found[step.node.name] = constants
        elif constants is not None:
            pieces[step.node.name] = [constants] if isinstance(constants, np.ndarray) else constants
    return found


def _batch_norm(place: Place) -> Constants | None:
    source = place.constants("input")
    mean, variance = place.stored("running_mean"), place.stored("running_var")
    if mean is None or variance is None:
        return None
    scale, shift = place.stored("weight"), place.stored("bias")
    factor = (variance + place.step.bound["eps"]).rsqrt() * (1.0 if scale is None else scale)
    offset = (0.0 if shift is None else shift) - mean * factor
    view = [-1 if axis == 1 else 1 for axis in range(len(place.shape))]
    is_flat = (factor == 0).numpy().reshape(view)
    values = np.where(is_flat, 0.0, source) * factor.numpy().reshape(view) + offset.numpy().reshape(view)
    result: Constants = values
    return result


def _normalized(place: Place) -> Constants | None:
    """Norms that read their statistics from the value: constant where their weights are zero."""
    weight, bias = place.stored("weight"), place.stored("bias")
    if weight is None:
        return None
    axes = len(place.shape)
    view = [1] * (axes - weight.dim()) + list(weight.shape)
    if place.step.kind != "layer_norm":
        view = [-1 if axis == 1 else 1 for axis in range(axes)]
    values = torch.zeros_like(weight) if bias is None else bias
    result: Constants = torch.where(weight == 0, values, torch.nan).reshape(view).numpy()
    return result


def _computed(place: Place) -> Constants:
    """Element-wise operations: compute them on the constants; zero times anything is zero."""
    bound = place.step.bound
    keys = [key for key, value in bound.items() if isinstance(value, Reference | TensorReference)]
    operands = [lift(cast("Ids", place.constants(key)), len(place.shape)) for key in keys]  # moved about as ids are
    tensors = dict(zip(keys, map(torch.tensor, operands), strict=True))
    arguments = {key: tensors.get(key, value) for key, value in bound.items()}
    result: Constants = OPERATIONS[place.step.node.target](**arguments).numpy()
    unknown = np.logical_or.reduce(np.broadcast_arrays(*map(np.isnan, operands)))  # not every operation keeps NaN
    result = np.where(unknown, np.nan, result)
    if place.step.kind == "mul" and len(operands) > 1:
        result = np.where((operands[0] == 0) | (operands[1] == 0), 0.0, result)
    return result


def _prelu(place: Place) -> Constants | None:
    source, weight = place.constants("self"), place.stored("weight")
    if weight is None:
        return None
    slopes = weight.numpy().reshape([-1 if axis == 1 else 1 for axis in range(source.ndim)])
    result: Constants = np.where(source > 0, source, source * slopes)
    return result


def _gated(place: Place) -> Constants | None:
    """GLU: the first half times a gate made of the second; a half that is zero stays zero."""
    axis = place.step.bound["dim"]
    source = place.spread(place.step.bound["self"], [axis])
    if source is None:
        return None
    values, gates = np.split(source, 2, axis)
    return np.where(values == 0, 0.0, values * torch.tensor(gates).sigmoid().numpy())


_UNARY = (
    "relu relu6 leaky_relu elu celu selu gelu silu mish softplus hardtanh hardswish hardsigmoid sigmoid tanh clamp "
    "clamp_min clamp_max neg abs exp expm1 sqrt rsqrt square reciprocal sin cos erf log_sigmoid hardshrink softshrink "
    "threshold sign"
)
_RULES: Mapping[str, Callable[[Place], Outcome]] = {
    "batch_norm": _batch_norm,
    **dict.fromkeys(("layer_norm", "group_norm", "instance_norm"), _normalized),
    **dict.fromkeys(_UNARY.split(), _computed),
    **dict.fromkeys(["add", "sub", "rsub", "mul", "div", "pow", "maximum", "minimum"], _computed),
    "prelu": _prelu,
    "glu": _gated,
    **PRODUCTS,
    **MOVES,
}
"""Rule by kind of operation."""
