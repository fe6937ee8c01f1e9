"""What a name in an ONNX graph stands for while it is read: a value that the file fixes, or one of the input."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Known:
    """A value that follows from the file alone."""

    tensors: tuple[Tensor, ...]
    """One tensor for each batch size that is probed; a single one where the batch does not matter."""
    label: str | None = None
    """Name of the initializer that it is, or is a view of."""

    @property
    def is_fixed(self) -> bool:
        """Whether it is the same at every batch size."""
        return len(self.tensors) == 1

    def at(self, probe: int) -> Tensor:
        """The value at one of the batch sizes that are probed."""
        return self.tensors[0] if self.is_fixed else self.tensors[probe]

    @property
    def tensor(self) -> Tensor:
        """The value at the first batch size that is probed."""
        return self.tensors[0]


@dataclass(frozen=True, eq=False)
class Live:
    """A value that is computed from the input: the step that makes it, and its shape at each probed batch size."""

    step: str
    metas: tuple[Tensor, ...]

    @property
    def meta(self) -> Tensor:
        """Shape and type at the first batch size that is probed."""
        return self.metas[0]


@dataclass(frozen=True)
class Varying:
    """A whole number that grows with the batch: its value at each batch size that is probed."""

    values: tuple[int, ...]


Value: TypeAlias = Known | Live
Size: TypeAlias = int | Varying


def known(tensors: Sequence[Tensor], label: str | None = None) -> Known:
    """A value from one tensor, or from one for each batch size that is probed."""
    first = tensors[0]
    if all(other is first or torch.equal(other, first) for other in tensors[1:]):
        return Known((first,), label)
    return Known(tuple(tensors), label)


def sizes_of(value: Known) -> list[Size]:
    """The elements of a vector of whole numbers (or the one of a scalar)."""
    if value.is_fixed:
        return [int(number) for number in value.tensor.flatten().tolist()]
    columns = zip(*(tensor.flatten().tolist() for tensor in value.tensors), strict=True)
    return [int(column[0]) if len(set(column)) == 1 else Varying(tuple(map(int, column))) for column in columns]


def is_uniform(tensor: Tensor) -> bool:
    """Whether all elements are equal (such as the zeros of a fresh bias)."""
    return tensor.numel() > 0 and bool((tensor == tensor.flatten()[0]).all())
