"""How much the loss hangs on each layer: Fisher mass and Fisher-Rao norm, from what gates read."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

import torch
from torch import Tensor

from worker.engine.coupling import ChannelGroup
from worker.engine.signal import Reading

_DIGITS = 6
"""Significant digits: histories hold these numbers for every layer and step."""


@dataclass(frozen=True)
class Information:
    """Per tracked layer; None where no gate shows a layer's channels, and in layers that another one speaks for."""

    fisher_mass: tuple[float | None, ...]
    """Sum over channels of `1/(2N) sum_n g_nk^2`, in nats."""
    fisher_rao_norm: tuple[float | None, ...]
    """Square root of `1/N sum_n (sum over channels of g_nk)^2` (Liang et al. 2019, arXiv:1711.01530).

    The sum is the derivative by a common factor on all channels: where the layer is followed by nothing but ReLU and
    pooling, the scalar product of its weights and biases with their gradient.
    """


def layer_information(
    layers: Sequence[str], groups: Sequence[ChannelGroup], means: Mapping[Reading, Mapping[str, Tensor]]
) -> Information:
    """Give what was read of each group to the first of its layers; of several groups there, squares are added."""
    read = [group for group in groups if group.name in means.get(Reading.SQUARES, {})]
    masses, squares = (
        _by_layer(read, means[reading]) if read else {} for reading in (Reading.SQUARES, Reading.TOTAL_SQUARES)
    )
    return Information(
        fisher_mass=tuple(rounded(masses[layer] / 2 if layer in masses else None) for layer in layers),
        fisher_rao_norm=tuple(rounded(squares[layer] ** 0.5 if layer in squares else None) for layer in layers),
    )


def _by_layer(groups: Sequence[ChannelGroup], values: Mapping[str, Tensor]) -> Mapping[str, float]:
    """Sums over channels, brought to the CPU at once."""
    sums = torch.stack([values[group.name].sum() for group in groups]).tolist()
    found: dict[str, float] = defaultdict(float)
    for group, total in zip(groups, sums, strict=True):
        found[group.layers[0]] += total
    return found


def rounded(value: float | None) -> float | None:
    """To six significant digits; None as well where training diverges, which is told elsewhere."""
    return float(f"{value:.{_DIGITS}g}") if value is not None and isfinite(value) else None
