"""Normalizations."""

from worker.intake.onnx.call import Call, Table, rank_of, shape_of
from worker.intake.onnx.values import Known, Value

_RUN_TRAINED = "training mode (export the network in evaluation mode: `model.eval()`)"


def _batch_norm(call: Call) -> Value:
    if call.attributes.integer("training_mode", 0) or any(call.node.outputs[1:]):
        raise call.refuse(_RUN_TRAINED)
    weight, bias, mean, variance = (call.fixed(position, "statistics") for position in range(1, 5))
    momentum = round(1 - call.attributes.number("momentum", 0.9), 6)
    epsilon = call.attributes.number("epsilon", 1e-5)
    return call.emit(
        "batch_norm.default",
        call.value(0),
        weight,
        bias,
        mean,
        variance,
        training=False,
        momentum=momentum,
        eps=epsilon,
        cudnn_enabled=True,
    )


def _instance_norm(call: Call) -> Value:
    weight, bias = call.fixed(1, "scales"), call.fixed(2, "biases")
    epsilon = call.attributes.number("epsilon", 1e-5)
    options = {"use_input_stats": True, "momentum": 0.0, "eps": epsilon, "cudnn_enabled": True}
    return call.emit("instance_norm.default", call.value(0), weight, bias, None, None, **options)


def _layer_norm(call: Call) -> Value:
    call.check_outputs(1)
    source = call.value(0)
    axis = call.axis(call.attributes.integer("axis", -1), rank_of(source))
    shape = list(shape_of(source)[axis:])
    weight = _spread(call.fixed(1, "scales"), shape)
    bias = _spread(call.fixed(2, "biases"), shape) if call.optional(2) is not None else None
    epsilon = call.attributes.number("epsilon", 1e-5)
    return call.emit("layer_norm.default", source, shape, weight, bias, epsilon)


def _spread(value: Known, shape: list[int]) -> Known:
    """A scale or bias in the whole shape that is normalized."""
    if list(value.tensor.shape) == shape:
        return value
    return Known((value.tensor.expand(shape).contiguous(),), value.label)


def _group_norm(call: Call) -> Value:
    """Until opset 20 scale and bias are one number for each group, then one for each channel."""
    source, groups = call.value(0), call.attributes.integer("num_groups", 0)
    width = shape_of(source)[1]
    if groups < 1 or width % groups:
        raise call.refuse(f"{groups} groups of {width} channels")
    weight, bias = call.fixed(1, "scales"), call.fixed(2, "biases")
    if call.opset < 21:
        weight, bias = (
            Known((value.tensor.repeat_interleave(width // groups),), value.label) for value in (weight, bias)
        )
    epsilon = call.attributes.number("epsilon", 1e-5)
    return call.emit("group_norm.default", source, groups, weight, bias, epsilon)


def _lrn(call: Call) -> Value:
    """Divide by a power of the mean square over neighboring channels."""
    source, size = call.value(0), call.attributes.integer("size", 1)
    if rank_of(source) != 4:
        raise call.refuse(f"an input of {rank_of(source)} axes")
    squares = call.emit("unsqueeze.default", call.emit("mul.Tensor", source, source), 1)
    around = call.emit("constant_pad_nd.default", squares, [0, 0, 0, 0, (size - 1) // 2, size // 2], 0.0)
    means = call.emit("squeeze.dim", call.emit("avg_pool3d.default", around, [size, 1, 1], [1, 1, 1]), 1)
    alpha, beta = call.attributes.number("alpha", 1e-4), call.attributes.number("beta", 0.75)
    base = call.emit("add.Tensor", call.emit("mul.Tensor", means, alpha), call.attributes.number("bias", 1.0))
    return call.emit("div.Tensor", source, call.emit("pow.Tensor_Scalar", base, beta))


def _lp_normalization(call: Call) -> Value:
    """Divide by the norm over one axis."""
    source = call.value(0)
    axis = call.axis(call.attributes.integer("axis", -1), rank_of(source))
    if call.attributes.integer("p", 2) == 1:
        norm = call.emit("sum.dim_IntList", call.emit("abs.default", source), [axis], keepdim=True)
    else:
        total = call.emit("sum.dim_IntList", call.emit("mul.Tensor", source, source), [axis], keepdim=True)
        norm = call.emit("sqrt.default", total)
    return call.emit("div.Tensor", source, norm)


OPERATORS: Table = {
    "BatchNormalization": _batch_norm,
    "InstanceNormalization": _instance_norm,
    "LayerNormalization": _layer_norm,
    "GroupNormalization": _group_norm,
    "LRN": _lrn,
    "LpNormalization": _lp_normalization,
}
