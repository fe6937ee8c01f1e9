"""Bits that weights need, from the variances of their posteriors (Louizos et al. 2017, section 4.3)."""

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from backend.domain.compression import compressed_bytes
from backend.domain.weight_bits import WeightBits
from worker.engine.counting import weights_by_layer
from worker.engine.graph import Network

_MOST = 23
"""Bits after the point at most: those of a float's significand."""
_BITS_OF_BYTE = 8


def significands(variance: Tensor) -> Tensor:
    """Bits after the point that every weight is worth, uint8 in the shape of `variance`: all t with 2 v < 2^-t.

    A step of 2^-t then stays above the noise: the authors' rule, by the unit round-off.
    """
    bounds = 2.0 ** torch.arange(-_MOST, 0, dtype=torch.float64, device=variance.device)
    below = torch.searchsorted(bounds, (2 * variance.double()).contiguous(), right=True)
    return (_MOST - below).to(torch.uint8)


def weight_bits(dense: Network, network: Network, known: Mapping[str, Tensor]) -> WeightBits | None:
    """The estimate for a network made of the dense one, from `significands` of some weights by name; None without any.

    A weight of a layer has a sign, the bits before the point that the layer's largest weight needs, and after the point
    the mean of what its weights that are not zero are worth, rounded up.
    """
    if not known:
        return None
    layers: list[int | None] = []
    total = sum(tensor.numel() * tensor.element_size() for tensor in network.tensors.values())
    for layer in weights_by_layer(dense):
        names = [name for name in layer if name in known and name in network.tensors]
        bits = _bits([network.tensors[name] for name in names], [known[name] for name in names])
        layers.append(bits)
        if bits is not None:
            total += sum(_saved(network.tensors[name], bits) for name in names)
    return WeightBits(layers=tuple(layers), bytes=total)


def _bits(weights: list[Tensor], worth: list[Tensor]) -> int | None:
    """Of one weight of a layer; None where nothing is known of it, or nothing is left."""
    pairs = zip(weights, worth, strict=True)
    left = [(weight[weight != 0], bits[weight != 0]) for weight, bits in pairs]
    count = sum(bits.numel() for _, bits in left)
    if not count:
        return None
    largest = max(float(weight.abs().max()) for weight, _ in left if weight.numel())
    after = math.ceil(sum(float(bits.double().sum()) for _, bits in left) / count)
    return 1 + math.floor(largest).bit_length() + after


def _saved(weight: Tensor, bits: int) -> int:
    """Bytes (negative) that a tensor saves when its weights have so many bits."""
    need = compressed_bytes(tuple(weight.shape), int((weight != 0).sum()), bits / _BITS_OF_BYTE)
    return need - weight.numel() * weight.element_size()
