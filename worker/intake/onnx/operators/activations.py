"""Activations: element by element, without parameters (but for PRelu's slope)."""

from collections.abc import Sequence

from worker.intake.onnx.call import Call, Lowering, Table, rank_of, scalar_of, shape_of
from worker.intake.onnx.values import Known, Value

_SELU = (1.67326319217681884765625, 1.05070102214813232421875)
_HARD_SWISH_SLOPE = 1 / 6


def plain(target: str) -> Lowering:
    """The operation of the same meaning, without attributes."""
    return lambda call: call.emit(target, call.value(0))


def _elu(call: Call) -> Value:
    return call.emit("elu.default", call.value(0), call.attributes.number("alpha", 1.0))


def _celu(call: Call) -> Value:
    alpha = call.attributes.number("alpha", 1.0)
    return call.emit("elu.default", call.value(0), alpha, 1.0, 1.0 / alpha)


def _selu(call: Call) -> Value:
    alpha, gamma = call.attributes.number("alpha", _SELU[0]), call.attributes.number("gamma", _SELU[1])
    return call.emit("elu.default", call.value(0), alpha, gamma)


def _leaky_relu(call: Call) -> Value:
    return call.emit("leaky_relu.default", call.value(0), call.attributes.number("alpha", 0.01))


def _prelu(call: Call) -> Value:
    """One slope for all channels, or one for each channel of axis 1."""
    source, slope = call.value(0), call.fixed(1, "slopes")
    numbers = slope.tensor
    is_by_channel = rank_of(source) > 1 and numbers.numel() == shape_of(source)[1]
    lined_up = (1,) * (rank_of(source) - numbers.dim()) + tuple(numbers.shape)
    by_channel = tuple(shape_of(source)[1] if axis == 1 else 1 for axis in range(rank_of(source)))
    if numbers.numel() != 1 and not (is_by_channel and lined_up == by_channel):
        raise call.refuse(f"slopes of shape {tuple(numbers.shape)}")
    return call.emit("prelu.default", source, Known((numbers.flatten(),), slope.label))


def _gelu(call: Call) -> Value:
    return call.emit("gelu.default", call.value(0), approximate=call.attributes.text("approximate", "none"))


def _hard_sigmoid(call: Call) -> Value:
    """max(0, min(1, alpha x + beta)); with torch's own numbers its own operation."""
    alpha, beta = call.attributes.number("alpha", 0.2), call.attributes.number("beta", 0.5)
    if abs(alpha - _HARD_SWISH_SLOPE) < 1e-6 and beta == 0.5:
        return call.emit("hardsigmoid.default", call.value(0))
    scaled = call.emit("add.Tensor", call.emit("mul.Tensor", call.value(0), alpha), beta)
    return call.emit("clamp.default", scaled, 0.0, 1.0)


def _softsign(call: Call) -> Value:
    source = call.value(0)
    return call.emit("div.Tensor", source, call.emit("add.Tensor", call.emit("abs.default", source), 1.0))


def _thresholded_relu(call: Call) -> Value:
    alpha = call.attributes.number("alpha", 1.0)
    return call.emit("threshold.default", call.value(0), alpha, 0.0)


def _clip(call: Call) -> Value:
    """Bounds are scalars; a missing one does not bind."""
    bounds = [scalar_of(call.optional(position)) for position in (1, 2)]
    if any(call.optional(position) is not None and bounds[position - 1] is None for position in (1, 2)):
        raise call.refuse("bounds that the input decides")
    if bounds == [None, None]:
        return call.value(0)
    if bounds == [0.0, None]:
        return call.emit("relu.default", call.value(0))
    if bounds == [0.0, 6.0]:
        return call.emit("relu6.default", call.value(0))
    return call.emit("clamp.default", call.value(0), *bounds)


def _softmax(target: str) -> Lowering:
    """Over one axis (since opset 13)."""

    def lower(call: Call) -> Value:
        source = call.value(0)
        return call.emit(target, source, call.axis(call.attributes.integer("axis", -1), rank_of(source)))

    return lower


def _dropout(call: Call) -> Value | Sequence[Value]:
    """Nothing in evaluation mode, but training finds it again."""
    call.check_outputs(1)
    ratio = 0.5 if call.optional(1) is None else scalar_of(call.value(1))
    mode = False if call.optional(2) is None else scalar_of(call.value(2))
    if ratio is None or mode is None or not 0 <= ratio < 1:
        raise call.refuse("a ratio or mode that the input decides")
    return call.emit("dropout.default", call.value(0), float(ratio), train=False)


OPERATORS: Table = {
    "Relu": plain("relu.default"),
    "LeakyRelu": _leaky_relu,
    "PRelu": _prelu,
    "Elu": _elu,
    "Celu": _celu,
    "Selu": _selu,
    "Gelu": _gelu,
    "Sigmoid": plain("sigmoid.default"),
    "HardSigmoid": _hard_sigmoid,
    "HardSwish": plain("hardswish.default"),
    "Mish": plain("mish.default"),
    "Softplus": plain("softplus.default"),
    "Softsign": _softsign,
    "Tanh": plain("tanh.default"),
    "ThresholdedRelu": _thresholded_relu,
    "Clip": _clip,
    "Softmax": _softmax("softmax.int"),
    "LogSoftmax": _softmax("log_softmax.int"),
    "Dropout": _dropout,
}
