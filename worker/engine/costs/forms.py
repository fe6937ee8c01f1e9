"""Linear forms of the widths of the channel groups, many at once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from backend.domain.thinning import Width


@dataclass(frozen=True)
class LinearForms:
    """`fixed + matrix @ widths`, float64: one row a form, one column a group in forward order."""

    matrix: Tensor
    fixed: Tensor

    @classmethod
    def of(cls, forms: Sequence[Width], groups: Sequence[str]) -> Self:
        """Take forms by group names."""
        columns = {name: column for column, name in enumerate(groups)}
        matrix = torch.zeros(len(forms), len(columns), dtype=torch.float64)
        for row, width in enumerate(forms):
            for name, multiplicity in width.parts:
                matrix[row, columns[name]] = multiplicity
        return cls(matrix, vector(width.fixed for width in forms))

    def at(self, widths: Tensor) -> Tensor:
        """Evaluate at widths (..., G): (..., forms)."""
        return widths @ self.matrix.T + self.fixed


def vector(values: Iterable[float]) -> Tensor:
    """Numbers as float64."""
    return torch.tensor([float(value) for value in values], dtype=torch.float64)
