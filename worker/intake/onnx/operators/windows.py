"""Kernel sizes, strides, dilations and paddings of convolutions and poolings."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from worker.intake.onnx.call import Call, rank_of, shape_of
from worker.intake.onnx.refusals import damaged, quoted
from worker.intake.onnx.values import Value

Pads = list[tuple[int, int]]
MAX_SPATIAL_AXES = 3


@dataclass(frozen=True)
class Window:
    """How a kernel moves over the spatial axes."""

    kernel: list[int]
    strides: list[int]
    dilations: list[int]
    pads: Pads
    """Elements added before and after, by axis."""

    @property
    def axes(self) -> int:
        """Number of spatial axes."""
        return len(self.kernel)

    @property
    def is_symmetric(self) -> bool:
        """Whether as much is added before as after."""
        return all(before == after for before, after in self.pads)

    @property
    def padding(self) -> list[int]:
        """What is added before each axis."""
        return [before for before, _ in self.pads]

    def flat_pads(self) -> list[int]:
        """Amounts as `constant_pad_nd` takes them: last axis first."""
        return [amount for pair in reversed(self.pads) for amount in pair]


def window_of(call: Call, kernel: Sequence[int]) -> Window:
    """The window of a node; `kernel` holds the sizes that its weight or its attribute states."""
    axes = rank_of(call.value(0)) - 2
    if axes not in range(1, MAX_SPATIAL_AXES + 1):
        raise call.refuse(f"an input of {axes + 2} axes")
    attributes = call.attributes
    kernel = list(kernel)
    strides = attributes.integers("strides") or [1] * axes
    dilations = attributes.integers("dilations") or [1] * axes
    if any(len(sizes) != axes or min(sizes) < 1 for sizes in (kernel, strides, dilations)):
        raise damaged(f"states kernel, strides or dilations of {quoted(call.node.label)} that do not fit its input.")
    return Window(kernel, strides, dilations, _pads(call, kernel, strides, dilations))


def _pads(call: Call, kernel: Sequence[int], strides: Sequence[int], dilations: Sequence[int]) -> Pads:
    axes = len(kernel)
    mode = call.attributes.text("auto_pad", "NOTSET")
    if mode in ("SAME_UPPER", "SAME_LOWER"):
        sizes = shape_of(call.value(0))[2:]
        spans = zip(sizes, kernel, strides, dilations, strict=True)
        return [halves(_missing(*span), is_upper=mode == "SAME_UPPER") for span in spans]
    if mode == "VALID":
        return [(0, 0)] * axes
    pads = call.attributes.integers("pads") or [0] * (2 * axes)
    if mode != "NOTSET" or len(pads) != 2 * axes or min(pads) < 0:
        raise damaged(f"states paddings of {quoted(call.node.label)} that do not fit its input.")
    return list(zip(pads[:axes], pads[axes:], strict=True))


def _missing(size: int, kernel: int, stride: int, dilation: int) -> int:
    """What must be added in all so that the result has `size / stride` elements, rounded up."""
    return max((math.ceil(size / stride) - 1) * stride + dilation * (kernel - 1) + 1 - size, 0)


def halves(total: int, *, is_upper: bool) -> tuple[int, int]:
    """Split a padding; the odd element goes after (upper) or before (lower)."""
    small = total // 2
    return (small, total - small) if is_upper else (total - small, small)


def padded(call: Call, window: Window, fill: float) -> Value:
    """The node's input with its paddings made explicit."""
    if not any(window.flat_pads()):
        return call.value(0)
    return call.emit("constant_pad_nd.default", call.value(0), window.flat_pads(), fill)
