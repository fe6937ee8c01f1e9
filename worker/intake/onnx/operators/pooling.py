"""Poolings over one to three axes."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn import functional

from worker.intake.onnx.call import Call, Lowering, Table, rank_of, shape_of
from worker.intake.onnx.operators.windows import MAX_SPATIAL_AXES, Window, padded, window_of
from worker.intake.onnx.refusals import damaged, quoted
from worker.intake.onnx.values import Value, known

_AVERAGE: dict[int, Callable[..., Tensor]] = {
    1: functional.avg_pool1d,
    2: functional.avg_pool2d,
    3: functional.avg_pool3d,
}


def _window(call: Call) -> Window:
    kernel = call.attributes.integers("kernel_shape")
    if kernel is None:
        raise damaged(f"holds {quoted(call.node.label)} ({call.node.operator}) without a kernel_shape.")
    return window_of(call, kernel)


def _fits(window: Window) -> bool:
    """Whether torch's own padding can stand for the window's: even, and at most half the kernel."""
    return window.is_symmetric and all(2 * pad <= size for pad, size in zip(window.padding, window.kernel, strict=True))


def _max_pool(call: Call) -> Value | Sequence[Value]:
    call.check_outputs(1)
    window, source = _window(call), call.value(0)
    padding = window.padding
    if not _fits(window):
        source, padding = padded(call, window, float("-inf")), [0] * window.axes
    is_ceil = bool(call.attributes.integer("ceil_mode", 0))
    options = (window.kernel, window.strides, padding, window.dilations, is_ceil)
    return call.emit(f"max_pool{window.axes}d.default", source, *options)


def _average_pool(call: Call) -> Value:
    """Where torch's padding cannot say it, zeros are added and the sum is divided by what it should be."""
    window, source = _window(call), call.value(0)
    if max(window.dilations) > 1:
        raise call.refuse("dilations")
    is_ceil = bool(call.attributes.integer("ceil_mode", 0))
    counts_padding = bool(call.attributes.integer("count_include_pad", 0))
    target = f"avg_pool{window.axes}d.default"
    if _fits(window):
        return call.emit(target, source, window.kernel, window.strides, window.padding, is_ceil, counts_padding)
    means = call.emit(target, padded(call, window, 0.0), window.kernel, window.strides, [0] * window.axes, is_ceil)
    if counts_padding:
        return means
    present = torch.ones((1, 1, *shape_of(source)[2:]))
    around = functional.pad(present, window.flat_pads())
    share = _AVERAGE[window.axes](around, window.kernel, window.strides, 0, ceil_mode=is_ceil)
    return call.emit("div.Tensor", means, known([share]))


def _global_pool(name: str) -> Lowering:
    """Over all spatial axes, which stay with size one."""

    def lower(call: Call) -> Value:
        axes = rank_of(call.value(0)) - 2
        if axes not in range(1, MAX_SPATIAL_AXES + 1):
            raise call.refuse(f"an input of {axes + 2} axes")
        if name == "max":
            return call.emit("amax.default", call.value(0), list(range(2, axes + 2)), keepdim=True)
        return call.emit(f"adaptive_avg_pool{axes}d.default", call.value(0), [1] * axes)

    return lower


OPERATORS: Table = {
    "MaxPool": _max_pool,
    "AveragePool": _average_pool,
    "GlobalAveragePool": _global_pool("average"),
    "GlobalMaxPool": _global_pool("max"),
}
