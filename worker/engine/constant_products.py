"""Constants through products: convolutions, linear layers, products of matrices, attention."""

from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor

from worker.engine.constant_places import Constants, Place
from worker.engine.graph.evaluation import Step

_MATRIX = 2


def additions(step: Step, weight: Tensor, constants: Constants | None, axis: int) -> Tensor:
    """What each input of a convolution or linear layer adds to each output: (outputs, inputs of its group) float64.

    `constants` are those of its source, with the inputs on `axis`. NaN where an input that is not constant has a
    weight, and where one that is not zero ends at a border of padded zeros.
    """
    groups = step.bound.get("groups", 1)
    line = np.full(groups * weight.size(1), np.nan)
    if constants is not None and constants.size == constants.shape[axis]:
        line[:] = constants.ravel()
    padding = step.bound.get("padding", 0)
    if padding == "same" or (not isinstance(padding, str) and bool(np.any(padding))):
        line[line != 0] = np.nan
    elements = weight.double().reshape(*weight.shape[:2], -1)
    lines = torch.from_numpy(line).reshape(groups, -1).repeat_interleave(len(weight) // groups, 0)
    return torch.where((elements != 0).any(2), elements.sum(2) * lines, 0.0)


def _mixed(place: Place) -> Constants | None:
    """Convolutions, depthwise ones too, and linear layers."""
    weight, bias = place.stored("weight"), place.stored("bias")
    if weight is None:
        return None
    axes = len(place.shape)
    axis = axes - 1 if place.step.kind == "linear" else axes - weight.dim() + 1
    values = additions(place.step, weight, place.constants("input"), axis).sum(1)
    values = values if bias is None else values + bias
    return values.numpy().reshape([-1 if other == axis else 1 for other in range(axes)])


def _product(place: Place) -> Constants | None:
    """Products of matrices: by a stored one as a linear layer, by one that is worked out where that is zero."""
    first, second, added = _FACTORS[place.step.kind]
    weight = place.stored(second)
    if weight is not None and weight.dim() == _MATRIX:
        values = additions(place.step, weight.T, place.constants(first), len(place.source_shape(first)) - 1).sum(1)
        result: Constants = values.numpy().reshape([1] * (len(place.shape) - 1) + [-1])
    elif min(len(place.source_shape(first)), len(place.source_shape(second))) >= _MATRIX:
        left, right = place.constants(first), place.constants(second)
        is_zero = (left == 0).all(-1)[..., :, None] | (right == 0).all(-2)[..., None, :]
        result = np.where(is_zero, 0.0, np.nan)
    else:
        return None
    return result if added is None else _with_bias(place, result, added)


def _with_bias(place: Place, product: Constants, key: str) -> Constants | None:
    bound = place.step.bound
    return bound["beta"] * place.constants(key) + bound["alpha"] * product if bound["beta"] else None


def _attended(place: Place) -> Constants | None:
    """Attention weights sum to one: what all values of a sequence share is the answer, whatever the weights are."""
    values = place.constants("value")
    is_plain = place.step.bound.get("attn_mask") is None and not place.step.bound.get("enable_gqa")
    is_shared = values.shape[-2] == 1 and place.shape[:-2] == place.source_shape("value")[:-2]
    return values if is_plain and is_shared else None


_FACTORS: Mapping[str, tuple[str, str, str | None]] = {
    "matmul": ("self", "other", None),
    "mm": ("self", "mat2", None),
    "bmm": ("self", "mat2", None),
    "addmm": ("mat1", "mat2", "self"),
    "baddbmm": ("batch1", "batch2", "self"),
}
"""Names of the factors, and of what is added."""
PRODUCTS: Mapping[str, Callable[[Place], Constants | None]] = {
    **dict.fromkeys(("conv1d", "conv2d", "conv3d", "linear"), _mixed),
    **dict.fromkeys(_FACTORS, _product),
    "scaled_dot_product_attention": _attended,
}
"""Rule by kind of operation."""
