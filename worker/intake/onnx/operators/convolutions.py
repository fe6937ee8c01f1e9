"""Convolutions over one to three axes."""

from worker.intake.onnx.call import Call, Table, shape_of
from worker.intake.onnx.operators.windows import Pads, Window, halves, padded, window_of
from worker.intake.onnx.refusals import damaged, quoted
from worker.intake.onnx.values import Known, Value

_TRANSPOSED = {1: "conv_transpose1d.default", 2: "conv_transpose2d.input", 3: "conv_transpose3d.input"}


def _weights(call: Call) -> tuple[Known, Known | None]:
    weight = call.fixed(1, "weights")
    if not weight.tensor.is_floating_point():
        raise call.refuse("weights that are whole numbers")
    return weight, call.fixed(2, "biases") if call.optional(2) is not None else None


def _conv(call: Call) -> Value:
    weight, bias = _weights(call)
    window = window_of(call, weight.tensor.shape[2:])
    source, padding = call.value(0), window.padding
    if not window.is_symmetric:
        source, padding = padded(call, window, 0.0), [0] * window.axes
    groups = call.attributes.integer("group", 1)
    target = f"conv{window.axes}d.default"
    return call.emit(target, source, weight, bias, window.strides, padding, window.dilations, groups)


def _conv_transpose(call: Call) -> Value:
    """Uneven paddings are cut off the result."""
    weight, bias = _weights(call)
    window = window_of(call, weight.tensor.shape[2:])
    extra = call.attributes.integers("output_padding") or [0] * window.axes
    pads = _transposed_pads(call, window, extra)
    is_even = all(before == after >= 0 for before, after in pads)
    padding = [before for before, _ in pads] if is_even else [0] * window.axes
    groups = call.attributes.integer("group", 1)
    options = (window.strides, padding, extra, groups, window.dilations)
    result = call.emit(_TRANSPOSED[window.axes], call.value(0), weight, bias, *options)
    if is_even:
        return result
    for axis, (before, after) in enumerate(pads, start=2):
        result = call.emit("slice.Tensor", result, axis, before, shape_of(result)[axis] - after)
    return result


def _transposed_pads(call: Call, window: Window, extra: list[int]) -> Pads:
    """What is cut off before and after, by axis; the wanted size decides where it is stated."""
    wanted = call.attributes.integers("output_shape")
    mode = call.attributes.text("auto_pad", "NOTSET")
    sizes = shape_of(call.value(0))[2:]
    if mode.startswith("SAME") and wanted is None:
        wanted = [size * stride for size, stride in zip(sizes, window.strides, strict=True)]
    if wanted is None:
        return window.pads
    spans = zip(sizes, window.strides, extra, window.kernel, window.dilations, wanted[-window.axes :], strict=True)
    totals = [
        stride * (size - 1) + more + (kernel - 1) * dilation + 1 - want
        for size, stride, more, kernel, dilation, want in spans
    ]
    if min(totals) < 0:
        raise damaged(f"asks {quoted(call.node.label)} for an output larger than it can make.")
    return [halves(total, is_upper=mode == "SAME_UPPER") for total in totals]


OPERATORS: Table = {"Conv": _conv, "ConvTranspose": _conv_transpose}
