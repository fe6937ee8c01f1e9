"""Channels whose value does not depend on the input: constants are followed from zero weights to the layers that read.

A value's constants are an array that broadcasts to the value without its batch, NaN where the value depends on the
input. Only what is exact is followed: an operation without a rule makes everything depend on the input.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from worker.engine.coupling.identities import Ids
from worker.engine.coupling.layers import lift, reshaped
from worker.engine.graph import Network
from worker.engine.graph.evaluation import Step
from worker.engine.graph.operations import OPERATIONS
from worker.engine.graph.schema import Reference, TensorReference

Constants: TypeAlias = NDArray[np.float64]


def find_constants(network: Network) -> Mapping[str, Constants]:
    """Constants of every node's result (1, ...) in evaluation mode, by name; nodes without any are left out."""
    found: dict[str, Constants] = {}
    for step in network.steps:
        rule = _RULES.get(step.kind)
        result = network.shapes[step.node.name]
        if rule is not None and isinstance(result, Tensor):
            constants = rule(_Place(network, step, tuple(result.shape), found))
            if constants is not None and not np.isnan(constants).all():
                found[step.node.name] = constants
    return found


@dataclass(frozen=True)
class _Place:
    """One node: its arguments, the shape of its result, and the constants of earlier nodes."""

    network: Network
    step: Step
    shape: tuple[int, ...]
    found: Mapping[str, Constants]

    def constants(self, key: str) -> Constants:
        """Constants of an argument, with its number of axes; numbers and stored tensors are constant."""
        argument = self.step.bound[key]
        if isinstance(argument, TensorReference):
            values: Constants = self.network.tensors[argument.tensor].double().numpy()
            return values
        if isinstance(argument, Reference):
            return self.found.get(argument.node, np.full((1,) * len(self.source_shape(key)), np.nan))
        return np.array(float(argument))

    def source_shape(self, key: str) -> tuple[int, ...]:
        """Shape of an argument that is a node."""
        return tuple(self.network.shapes[self.step.bound[key].node].shape)

    def stored(self, key: str) -> Tensor | None:
        """A stored tensor in float64, None when there is none."""
        argument = self.step.bound.get(key)
        return self.network.tensors[argument.tensor].double() if isinstance(argument, TensorReference) else None


def additions(step: Step, weight: Tensor, constants: Constants | None, axis: int) -> Tensor:
    """What each input of a plain convolution or linear layer adds to each output: (outputs, inputs) float64.

    `constants` are those of its source, with the inputs on `axis`. NaN where an input that is not constant has a
    weight, and where one that is not zero ends at a border of padded zeros.
    """
    line = np.full(weight.size(1), np.nan)
    if constants is not None and constants.size == constants.shape[axis]:
        line[:] = constants.ravel()
    padding = step.bound.get("padding", 0)
    if padding == "same" or (not isinstance(padding, str) and bool(np.any(padding))):
        line[line != 0] = np.nan
    elements = weight.double().reshape(*weight.shape[:2], -1)
    return torch.where((elements != 0).any(2), elements.sum(2) * torch.from_numpy(line), 0.0)


def _mixed(place: _Place) -> Constants | None:
    """Convolutions without groups, and linear layers."""
    weight, bias = place.stored("weight"), place.stored("bias")
    if weight is None or place.step.bound.get("groups", 1) != 1:
        return None
    axes = len(place.shape)
    axis = axes - 1 if place.step.kind == "linear" else axes - weight.dim() + 1
    values = additions(place.step, weight, place.constants("input"), axis).sum(1)
    values = values if bias is None else values + bias
    return values.numpy().reshape([-1 if other == axis else 1 for other in range(axes)])


def _batch_norm(place: _Place) -> Constants | None:
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


def _computed(place: _Place) -> Constants:
    """Element-wise operations: compute them on the constants; zero times anything is zero."""
    bound = place.step.bound
    keys = [key for key, value in bound.items() if isinstance(value, Reference | TensorReference)]
    operands = [lift(cast("Ids", place.constants(key)), len(place.shape)) for key in keys]  # moved about as ids are
    tensors = dict(zip(keys, map(torch.from_numpy, operands), strict=True))
    arguments = {key: tensors.get(key, value) for key, value in bound.items()}
    result: Constants = OPERATIONS[place.step.node.target](**arguments).numpy()
    if place.step.kind == "mul" and len(operands) > 1:
        result = np.where((operands[0] == 0) | (operands[1] == 0), 0.0, result)
    return result


def _passed(place: _Place) -> Constants:
    """Dropout, copies, and pooling without padded zeros."""
    return place.constants(next(iter(place.step.bound)))


def _pooled(place: _Place) -> Constants | None:
    source = _passed(place)
    spatial = int(place.step.kind[-2])
    if any(size > 1 for size in source.shape[-spatial:]):
        return None
    averages_zeros = place.step.kind.startswith("avg_pool") and bool(np.any(place.step.bound.get("padding", 0)))
    result: Constants = np.where(source == 0, source, np.nan) if averages_zeros else source
    return result


def _averaged(place: _Place) -> Constants | None:
    source = _passed(place)
    dims: Any = place.step.bound.get("dim")
    axes = [dims] if isinstance(dims, int) else list(dims or range(source.ndim))
    if any(source.shape[axis] > 1 for axis in axes):
        return None
    return source if place.step.bound.get("keepdim") else np.squeeze(source, tuple(axes))


def _reshaped(place: _Place) -> Constants:
    key = next(iter(place.step.bound))
    moved: Any = reshaped([cast("Ids", place.constants(key))], place.source_shape(key), place.shape)
    return cast("Constants", moved[0])


_UNARY = (
    "relu relu6 leaky_relu elu celu selu gelu silu mish softplus hardtanh hardswish hardsigmoid sigmoid tanh clamp "
    "neg abs exp sqrt square"
)
_RULES: Mapping[str, Callable[[_Place], Constants | None]] = {
    **dict.fromkeys(("conv1d", "conv2d", "conv3d", "linear"), _mixed),
    "batch_norm": _batch_norm,
    **dict.fromkeys(_UNARY.split(), _computed),
    **dict.fromkeys(("add", "sub", "mul"), _computed),
    **dict.fromkeys(("dropout", "feature_dropout", "clone", "contiguous", "detach", "alias"), _passed),
    **dict.fromkeys((f"{kind}_pool{axes}d" for kind in ("max", "avg") for axes in (1, 2, 3)), _pooled),
    **dict.fromkeys((f"adaptive_{kind}_pool{axes}d" for kind in ("max", "avg") for axes in (1, 2, 3)), _pooled),
    "mean": _averaged,
    **dict.fromkeys(("flatten", "view", "reshape", "squeeze", "unsqueeze"), _reshaped),
}
"""Rule by kind of operation."""
