"""What a network is given: one tensor for each of its inputs, in their order."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor


@dataclass(frozen=True)
class Inputs:
    """The inputs of some examples, each (N, ...); `module(*inputs)` calls a network with them."""

    tensors: tuple[Tensor, ...]

    @classmethod
    def of(cls, *tensors: Tensor) -> Self:
        """Inputs from the tensors themselves."""
        return cls(tensors)

    def __iter__(self) -> Iterator[Tensor]:
        """Go over the tensors, not over the examples."""
        return iter(self.tensors)

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """Shape of one example of each input."""
        return tuple(tuple(tensor.shape[1:]) for tensor in self)

    @property
    def nbytes(self) -> int:
        """Bytes of all tensors together."""
        return sum(tensor.nbytes for tensor in self)

    def to(self, device: torch.device) -> Self:
        """Move to a device."""
        return type(self)(tuple(tensor.to(device) for tensor in self))

    def at(self, index: Tensor | slice) -> Self:
        """Take the examples at the given positions."""
        return type(self)(tuple(tensor[index] for tensor in self))

    def chunk(self, parts: int) -> tuple[Self, ...]:
        """Cut the examples into at most so many parts of equal size, as `torch.chunk` does."""
        return tuple(map(type(self), zip(*(torch.chunk(tensor, parts) for tensor in self), strict=True)))
