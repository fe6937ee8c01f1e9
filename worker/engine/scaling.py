"""How stored numbers become what a network takes: floating-point inputs are scaled, whole numbers are left alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Self

import torch
from torch import Tensor

from backend.domain.network import NetworkInput
from worker.engine.examples import Examples
from worker.engine.graph.schema import DTYPES
from worker.engine.inputs import Inputs

_PIXEL_MAXIMUM = 255.0
_STATISTICS_CHUNK = 4096
_IMAGE_AXES = 4


@dataclass(frozen=True)
class _ChannelScaler:
    """Scales stored values (N, C, ...) to float32: `value * factor + shift` per channel."""

    factor: Tensor
    shift: Tensor

    def __call__(self, stored: Tensor) -> Tensor:
        """Scale a batch; images come in the channels_last format, in which convolutions are 1.3 to 1.6 times faster."""
        shape = (1, -1, *(1 for _ in stored.shape[2:]))[: stored.dim()]
        scaled = torch.addcmul(self.shift.view(shape), stored.to(torch.float32), self.factor.view(shape))
        return scaled.contiguous(memory_format=torch.channels_last) if scaled.dim() == _IMAGE_AXES else scaled


@dataclass(frozen=True)
class ChannelScaling:
    """What an input of floating-point numbers expects: `(stored / divisor - mean) / std`, per channel."""

    mean: tuple[float, ...]
    std: tuple[float, ...]
    divisor: float

    def on(self, device: torch.device) -> _ChannelScaler:
        """Make the function that scales values held on a device."""
        mean, std = torch.tensor(self.mean, dtype=torch.float64), torch.tensor(self.std, dtype=torch.float64)
        factor, shift = 1.0 / (self.divisor * std), -mean / std
        return _ChannelScaler(factor.to(device, torch.float32), shift.to(device, torch.float32))


@dataclass(frozen=True)
class _Caster:
    dtype: torch.dtype

    def __call__(self, stored: Tensor) -> Tensor:
        """The same numbers in the type that the network takes."""
        return stored.to(self.dtype)


@dataclass(frozen=True)
class AsStored:
    """An input of whole numbers (tokens, masks): they are not scaled."""

    type: str
    """What the network takes, such as `int64`."""

    def on(self, device: torch.device) -> _Caster:  # noqa: ARG002  (the same signature as of what is scaled)
        """Make the function that gives stored numbers the network's type."""
        return _Caster(DTYPES[self.type])


@dataclass(frozen=True)
class Scaler:
    """Turns stored inputs into what the network takes."""

    parts: tuple[_ChannelScaler | _Caster, ...]

    def __call__(self, stored: Inputs) -> Inputs:
        """Prepare a batch."""
        return Inputs(tuple(part(values) for part, values in zip(self.parts, stored, strict=True)))


@dataclass(frozen=True)
class Scaling:
    """What a network expects of each of its inputs."""

    names: tuple[str, ...]
    """Of the inputs, in their order."""
    parts: tuple[ChannelScaling | AsStored, ...]

    @classmethod
    def one(cls, part: ChannelScaling | AsStored) -> Self:
        """The scaling of a network's only input."""
        return cls(("x",), (part,))

    def on(self, device: torch.device) -> Scaler:
        """Make the function that prepares inputs held on a device."""
        return Scaler(tuple(part.on(device) for part in self.parts))


def unscaled(inputs: Sequence[NetworkInput]) -> Scaling:
    """Numbers as they are, for inputs of which no examples are known."""
    return Scaling(
        tuple(info.name for info in inputs),
        tuple(_plain(info.shape) if info.is_float else AsStored(info.type) for info in inputs),
    )


def fit_scaling(
    train: Examples, kind: Literal["none", "unit", "standardize"], inputs: Sequence[NetworkInput]
) -> Scaling:
    """Measure the scaling on all training examples, so that it does not depend on the validation split.

    Only uint8 pixels are divided by 255; float values are taken as they are. Inputs that take whole numbers are not
    scaled.
    """
    parts = [
        _fit(stored, kind) if info.is_float else AsStored(info.type)
        for stored, info in zip(train.inputs, inputs, strict=True)
    ]
    return Scaling(tuple(info.name for info in inputs), tuple(parts))


def _fit(stored: Tensor, kind: Literal["none", "unit", "standardize"]) -> ChannelScaling:
    plain = _plain(stored.shape[1:])
    if kind == "none":
        return plain
    divisor = _PIXEL_MAXIMUM if stored.dtype == torch.uint8 else 1.0
    if kind == "unit":
        return ChannelScaling(plain.mean, plain.std, divisor)
    mean, std = _statistics(stored, len(plain.mean))
    return ChannelScaling(
        tuple((mean / divisor).tolist()), tuple((torch.where(std > 0, std, divisor) / divisor).tolist()), divisor
    )


def _plain(shape: Sequence[int]) -> ChannelScaling:
    """Of vectors all features are one channel."""
    channels = shape[0] if len(shape) > 1 else 1
    return ChannelScaling((0.0,) * channels, (1.0,) * channels, 1.0)


def _statistics(stored: Tensor, channels: int) -> tuple[Tensor, Tensor]:
    total = torch.zeros(channels, dtype=torch.float64)
    squares = torch.zeros(channels, dtype=torch.float64)
    for chunk in torch.split(stored, _STATISTICS_CHUNK):
        values = chunk.to("cpu", torch.float64).reshape(len(chunk), channels, -1)
        total += values.sum((0, 2))
        squares += values.square().sum((0, 2))
    count = stored.numel() / channels
    mean = total / count
    return mean, (squares / count - mean.square()).clamp_min(0.0).sqrt()
