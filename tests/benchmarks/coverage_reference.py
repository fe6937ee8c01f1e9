"""The dense network with the removed weights set to zero: what a thinner network has to agree with.

It knows nothing of the program that removed them. Every element of the benchmark's networks has a value of its own, so
the thin tensors themselves tell what they kept; all else is zeroed in the library's own module, and normalizations over
channels, and of weights over what they read, take their statistics over those that are left.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode

_ATTEMPTS = 1000
"""Elements that are tried as the first of the thin tensor; in float32, large tensors hold equal ones."""
_EPSILON = 1e-5
_LINES = 8
"""Lines that are looked at where one line holds equal values."""
_LAYER_NORMS = (functional.layer_norm, torch.layer_norm)
_GROUP_NORMS = (functional.group_norm, torch.group_norm)
_RMS_NORMS = (functional.rms_norm, torch.rms_norm)
_MEANS = (torch.mean, Tensor.mean)
_STANDARDIZED_AXES = 3
"""Axes of a weight on its way through standardization: one example, outputs, all that an output reads."""


class NotASelection(Exception):
    """A thin tensor is not what is left of the dense one after whole rows, columns or planes were taken out."""


def kept_positions(dense: Tensor, thin: Tensor) -> tuple[Tensor, ...]:
    """Positions along every axis of `dense` that make `thin`; raises `NotASelection` when there are none such."""
    if dense.dim() != thin.dim() or any(new > old for new, old in zip(thin.shape, dense.shape, strict=True)):
        raise NotASelection(f"{tuple(thin.shape)} cannot be a part of {tuple(dense.shape)}")
    for axis, size in enumerate(thin.shape):
        if size < dense.size(axis) and repeats(dense, axis):
            dense = dense.narrow(axis, 0, size)
    if dense.shape == thin.shape:
        found: tuple[Tensor, ...] = tuple(torch.arange(size) for size in dense.shape)
        candidates = [found]
    else:
        candidates = _candidates(dense, thin)
    for found in candidates:
        if torch.equal(dense[torch.meshgrid(*found, indexing="ij")] if dense.dim() else dense, thin):
            return found
    raise NotASelection(f"the values of {tuple(thin.shape)} are no part of {tuple(dense.shape)}")


def repeats(tensor: Tensor, axis: int) -> bool:
    """Whether all positions along an axis hold the same, as in a fixed filter for every channel, or in zeros."""
    return torch.equal(tensor, tensor.narrow(axis, 0, 1).expand_as(tensor))


def _candidates(dense: Tensor, thin: Tensor) -> list[tuple[Tensor, ...]]:
    """Ways to lay the thin tensor over the dense one that its first elements allow."""
    if not thin.numel():
        raise NotASelection("nothing is left of it")
    anchors = torch.nonzero(dense == thin[(0,) * thin.dim()])[:_ATTEMPTS]
    found = []
    for anchor in anchors.tolist():
        axes = [torch.nonzero(_along(dense, thin, tuple(anchor), axis)).flatten() for axis in range(dense.dim())]
        if all(len(positions) == size for positions, size in zip(axes, thin.shape, strict=True)):
            found.append(tuple(axes))
    return found


def _along(dense: Tensor, thin: Tensor, anchor: tuple[int, ...], axis: int) -> Tensor:
    """Which positions along an axis hold values of the thin tensor, if its first element is the anchor (bool)."""
    start = (0,) * dense.dim()
    held = torch.isin(_line(dense, anchor, axis), _line(thin, start, axis))
    for other in range(dense.dim()):
        for step in range(1, min(_LINES, thin.size(other))):
            if other == axis or int(held.sum()) == thin.size(axis):
                continue
            place = torch.nonzero(_line(dense, anchor, other) == _line(thin, start, other)[step]).flatten()
            if len(place) == 1:
                beside = (*anchor[:other], int(place), *anchor[other + 1 :])
                wanted = _line(thin, (*start[:other], step, *start[other + 1 :]), axis)
                held &= torch.isin(_line(dense, beside, axis), wanted)
    return held


def _line(tensor: Tensor, place: tuple[int, ...], axis: int) -> Tensor:
    """All values along an axis through a place."""
    return tensor[(*place[:axis], slice(None), *place[axis + 1 :])]


def zero_removed(module: nn.Module, thin: Mapping[str, Tensor]) -> dict[int, Tensor]:
    """Zero in `module` whatever `thin` (by state-dict name) no longer holds; raises `NotASelection`.

    Returns, by identity of the tensor, which elements of every vector are left (bool).
    """
    left: dict[int, Tensor] = {}
    with torch.no_grad():
        named = {**dict(module.named_parameters()), **dict(module.named_buffers())}
        for name, tensor in named.items():
            if name not in thin or not tensor.is_floating_point():
                continue
            try:
                kept = kept_positions(tensor.detach(), thin[name].detach().to(tensor.dtype))
            except NotASelection as error:
                raise NotASelection(f"{name}: {error}") from error
            if all(len(positions) == size for positions, size in zip(kept, tensor.shape, strict=True)):
                continue
            for axis, positions in enumerate(kept):
                if repeats(tensor, axis):
                    continue  # nobody can tell which are gone, and what reads them is zeroed
                gone = torch.ones(tensor.size(axis), dtype=torch.bool)
                gone[positions] = False
                tensor.index_fill_(axis, torch.nonzero(gone).flatten(), 0.0)
                if tensor.dim() == 1:
                    left[id(tensor)] = ~gone
    return left


class KeptStatistics(TorchFunctionMode):
    """While active, normalizations whose scale has lost elements take their statistics over what is left."""

    def __init__(self, left: Mapping[int, Tensor]) -> None:
        super().__init__()
        self._left = left

    def __torch_function__(
        self, function: Any, types: Sequence[type], args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        named = dict(kwargs or {})
        if function in _LAYER_NORMS:
            return self._layer_norm(function, args, named)
        if function in _GROUP_NORMS:
            return self._group_norm(function, args, named)
        if function in _RMS_NORMS:
            return self._rms_norm(function, args, named)
        if function is functional.batch_norm:
            return self._standardized(function, args, named)
        if function in _MEANS:
            return self._mean(function, args, named)
        return function(*args, **named)

    def _layer_norm(self, function: Any, args: Sequence[Any], named: dict[str, Any]) -> Tensor:
        source, shape, weight, bias, epsilon = _bound(args, named, ("normalized_shape", "weight", "bias", "eps"))
        left = self._of(source, weight, len(shape))
        if left is None:
            return function(*args, **named)
        result = torch.zeros_like(source)
        result[..., left] = functional.layer_norm(
            source[..., left],
            [int(left.sum())],
            _part(weight, left),
            _part(bias, left),
            _EPSILON if epsilon is None else epsilon,
        )
        return result

    def _rms_norm(self, function: Any, args: Sequence[Any], named: dict[str, Any]) -> Tensor:
        source, shape, weight, epsilon = _bound(args, named, ("normalized_shape", "weight", "eps"))
        left = self._of(source, weight, len(shape))
        if left is None:
            return function(*args, **named)
        result = torch.zeros_like(source)
        result[..., left] = functional.rms_norm(source[..., left], [int(left.sum())], _part(weight, left), epsilon)
        return result

    def _group_norm(self, function: Any, args: Sequence[Any], named: dict[str, Any]) -> Tensor:
        source, groups, weight, bias, epsilon = _bound(args, named, ("num_groups", "weight", "bias", "eps"))
        left = self._left.get(id(weight))
        if left is None:
            return function(*args, **named)
        result = torch.zeros_like(source)
        size = source.size(1) // groups
        for start in range(0, source.size(1), size):
            own = torch.zeros_like(left)
            own[start : start + size] = left[start : start + size]
            if bool(own.any()):
                result[:, own] = functional.group_norm(
                    source[:, own],
                    1,
                    _part(weight, own),
                    _part(bias, own),
                    _EPSILON if epsilon is None else epsilon,
                )
        return result

    def _standardized(self, function: Any, args: Sequence[Any], named: dict[str, Any]) -> Tensor:
        """A weight whose rows are normalized by their own statistics, as networks without batch norm do it."""
        names = ("running_mean", "running_var", "weight", "bias", "training", "momentum", "eps")
        source, mean, _, weight, bias, training, _, epsilon = _bound(args, named, names)
        if mean is not None or not training or source.dim() != _STANDARDIZED_AXES or len(source) != 1:
            return function(*args, **named)
        read = (source != 0).any(1)[0]
        result = torch.zeros_like(source)
        part = source[..., read]
        result[..., read] = functional.batch_norm(
            part, None, None, weight, bias, training=True, eps=_EPSILON if epsilon is None else epsilon
        )
        return result

    def _mean(self, function: Any, args: Sequence[Any], named: dict[str, Any]) -> Tensor:
        """A mean over one axis, such as the mean response of all channels that response normalization divides by."""
        source, axis = _bound(args, named, ("dim",))
        if not isinstance(axis, int):
            return function(*args, **named)
        left = (source != 0).transpose(0, axis).flatten(1).any(1) if source.dim() > 1 else source != 0
        if bool(left.all()) or not bool(left.any()):
            return function(*args, **named)
        return source.index_select(axis, torch.nonzero(left).flatten()).mean(axis, *args[2:], **_rest(named, "dim"))

    def _of(self, source: Tensor, weight: Tensor | None, axes: int) -> Tensor | None:
        """Which channels of a norm over the last axis are left; None when all are."""
        if axes != 1:
            return None
        if weight is not None:
            return self._left.get(id(weight))
        alive = (source != 0).reshape(-1, source.size(-1)).any(0)
        return None if bool(alive.all()) else alive


def _bound(args: Sequence[Any], named: Mapping[str, Any], names: Sequence[str]) -> list[Any]:
    """The source and the arguments that follow it, by position or by name; None where they are not given."""
    source = args[0] if args else named["input"]
    given = dict(zip(names, args[1:], strict=False)) | dict(named)
    return [source, *(given.get(name) for name in names)]


def _rest(named: Mapping[str, Any], *without: str) -> dict[str, Any]:
    """The arguments by name that are neither the source nor named here."""
    return {name: value for name, value in named.items() if name not in {"input", *without}}


def _part(vector: Tensor | None, left: Tensor) -> Tensor | None:
    return None if vector is None else vector[left]
