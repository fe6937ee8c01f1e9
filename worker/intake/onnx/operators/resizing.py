"""Resizing pictures: nearest, linear and cubic."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from worker.intake.onnx.call import Call, Table, rank_of, shape_of, sizes_at
from worker.intake.onnx.refusals import damaged, quoted
from worker.intake.onnx.values import Size, Value, known

_LINEAR = {1: "upsample_linear1d.vec", 2: "upsample_bilinear2d.vec", 3: "upsample_trilinear3d.vec"}
_TORCH_CUBIC = -0.75
_LARGEST = 2**16
"""Elements of one axis of the result."""


@dataclass(frozen=True)
class _Target:
    """What the spatial axes become."""

    sizes: list[int]
    scales: list[float]
    """Factor by axis, as coordinates use it."""
    are_scales_stated: bool

    @property
    def options(self) -> tuple[list[int] | None, list[float] | None]:
        """Sizes or scales, whichever the file states, as torch's operations take them."""
        return (None, self.scales) if self.are_scales_stated else (self.sizes, None)


def _resize(call: Call) -> Value:
    source, axes = call.value(0), rank_of(call.value(0)) - 2
    attributes = call.attributes
    if axes not in _LINEAR:
        raise call.refuse(f"an input of {axes + 2} axes")
    if attributes.integer("antialias", 0) or attributes.integer("exclude_outside", 0):
        raise call.refuse("antialias or exclude_outside")
    if attributes.text("keep_aspect_ratio_policy", "stretch") != "stretch":
        raise call.refuse("keep_aspect_ratio_policy")
    target = _target(call)
    mode = attributes.text("mode", "nearest")
    placing = attributes.text("coordinate_transformation_mode", "half_pixel")
    if mode == "nearest":
        return _nearest(call, source, target, placing)
    is_aligned = placing == "align_corners"
    if placing not in ("align_corners", "half_pixel", "pytorch_half_pixel") or (
        placing == "pytorch_half_pixel" and 1 in target.sizes
    ):
        raise call.refuse(f"mode {quoted(mode)} and coordinates {quoted(placing)}")
    if mode == "linear":
        sizes, scales = target.options
        return call.emit(_LINEAR[axes], source, sizes, is_aligned, scales)
    if mode == "cubic" and axes == 2 and attributes.number("cubic_coeff_a", _TORCH_CUBIC) == _TORCH_CUBIC:
        sizes, scales = target.options
        return call.emit("upsample_bicubic2d.vec", source, sizes, is_aligned, scales)
    raise call.refuse(f"mode {quoted(mode)}")


def _target(call: Call) -> _Target:
    """Sizes or scales of the spatial axes; the batch and the channels must stay as they are."""
    source = call.value(0)
    own = sizes_at(source)
    axes = call.attributes.integers("axes")
    order = list(range(len(own))) if axes is None else [call.axis(axis, len(own)) for axis in axes]
    sizes = call.sizes(3, "sizes")
    if sizes:
        wanted: list[Size] = list(own)
        for axis, size in zip(order, sizes, strict=True):
            wanted[axis] = size
        batch_is_kept = wanted[0] == own[0] or wanted[0] == call.builder.fixed_batch
        spatial = [size for size in wanted[2:] if isinstance(size, int)]
        if not batch_is_kept or wanted[1] != own[1] or len(spatial) != len(own) - 2:
            raise call.refuse("other sizes of batch or channels")
        return _check(call, _Target(spatial, _ratios(spatial, shape_of(source)[2:]), are_scales_stated=False))
    stated = call.fixed_tensor(2, "scales")
    if stated is None or stated.numel() != len(order):
        raise damaged(f"states neither sizes nor scales at {quoted(call.node.label)} (Resize).")
    scales = [1.0] * len(own)
    for axis, scale in zip(order, stated.flatten().tolist(), strict=True):
        scales[axis] = float(scale)
    if scales[:2] != [1.0, 1.0] or not all(0 < scale < _LARGEST for scale in scales):
        raise call.refuse("other sizes of batch or channels")
    spatial = [math.floor(size * scale) for size, scale in zip(shape_of(source)[2:], scales[2:], strict=True)]
    return _check(call, _Target(spatial, scales[2:], are_scales_stated=True))


def _ratios(sizes: Sequence[int], before: Sequence[int]) -> list[float]:
    return [size / old if old else 1.0 for size, old in zip(sizes, before, strict=True)]


def _check(call: Call, target: _Target) -> _Target:
    if not all(0 < size <= _LARGEST for size in target.sizes):
        raise damaged(f"asks {quoted(call.node.label)} (Resize) for {target.sizes} pixels.")
    return target


def _nearest(call: Call, source: Value, target: _Target, placing: str) -> Value:
    """Torch's own operation where it takes the same elements, else elements picked by number."""
    axes = len(target.sizes)
    spans = list(zip(shape_of(source)[2:], target.sizes, target.scales, strict=True))
    places = [_places(call, span, placing) for span in spans]
    whole = [torch.arange(span[1], dtype=torch.float64) * span[0] / span[1] for span in spans]
    if all(torch.equal(found, at.floor().long()) for found, at in zip(places, whole, strict=True)):
        return call.emit(f"upsample_nearest{axes}d.vec", source, target.sizes, None)
    value = source
    for axis, found in enumerate(places, start=2):
        if not torch.equal(found, torch.arange(shape_of(value)[axis])):
            value = call.emit("index_select.default", value, axis, known([found]))
    return value


def _places(call: Call, span: tuple[int, int, float], placing: str) -> torch.Tensor:
    """Which element of an axis each element of the result takes (ONNX operator Resize, nearest_mode).

    In float32, as ONNX Runtime computes it: rounding decides where a place falls on the edge of an element.
    """
    size, wanted, scale = span
    at = torch.arange(wanted, dtype=torch.float32)
    if placing in ("half_pixel", "pytorch_half_pixel"):
        at = torch.zeros(1) if placing == "pytorch_half_pixel" and wanted == 1 else (at + 0.5) / scale - 0.5
    elif placing == "align_corners":
        at = at * (size - 1) / max(wanted - 1, 1)
    elif placing == "asymmetric":
        at = at / scale
    else:
        raise call.refuse(f"coordinates {quoted(placing)}")
    rounding = call.attributes.text("nearest_mode", "round_prefer_floor")
    rounded = {
        "round_prefer_floor": lambda: torch.ceil(at - 0.5),
        "round_prefer_ceil": lambda: torch.floor(at + 0.5),
        "floor": at.floor,
        "ceil": at.ceil,
    }.get(rounding)
    if rounded is None:
        raise call.refuse(f"nearest_mode {quoted(rounding)}")
    return rounded().long().clamp(0, size - 1)


OPERATORS: Table = {"Resize": _resize}
