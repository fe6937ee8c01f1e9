"""The cost of a network at some widths, what one channel less saves, and how that is weighed against the loss."""

from typing import Protocol

import torch
from torch import Tensor

from backend.domain.thinning import SizeModel, Width
from worker.engine.registry import Registry


class CostModel:
    """C = sum over layers of H W C_out (2 C_in K^2 + 1), in units of the dense network's cost (Theis et al. 2018).

    Widths are float64 (G,), one per channel group in forward order. All work is on whole vectors: a network of
    50 groups costs microseconds, so the change is computed again after every removal.
    """

    def __init__(self, model: SizeModel) -> None:
        self._groups = tuple(model.dense_widths)
        self._outputs = self._form([layer.output for layer in model.layers])
        self._fan_ins = self._form([layer.fan_in for layer in model.layers])
        self._places = torch.tensor([float(layer.places) for layer in model.layers], dtype=torch.float64)
        self._windows = torch.tensor([float(layer.window) for layer in model.layers], dtype=torch.float64)
        dense = torch.tensor([float(width) for width in model.dense_widths.values()], dtype=torch.float64)
        self._dense_operations = self.operations(dense)

    def operations(self, widths: Tensor) -> Tensor:
        """Floating-point operations for one example at widths (..., G): (...)."""
        outputs, fan_ins = (_evaluate(form, widths) for form in (self._outputs, self._fan_ins))
        return (self._places * outputs * (2 * fan_ins * self._windows + 1)).sum(-1)

    def changes(self, widths: Tensor, sizes: Tensor | None = None) -> Tensor:
        """Change of the cost when a group loses one channel, (G,), below zero, in units of the dense cost.

        With `sizes` (G,): the change for each of that many channels, when they go together.
        """
        going = torch.ones_like(widths) if sizes is None else sizes
        thinner = widths - torch.diag(going)
        return (self.operations(thinner) - self.operations(widths)) / self._dense_operations / going

    def _form(self, widths: list[Width]) -> tuple[Tensor, Tensor]:
        columns = {name: column for column, name in enumerate(self._groups)}
        matrix = torch.zeros(len(widths), len(columns), dtype=torch.float64)
        for row, width in enumerate(widths):
            for name, multiplicity in width.parts:
                matrix[row, columns[name]] = multiplicity
        return matrix, torch.tensor([float(width.fixed) for width in widths], dtype=torch.float64)


def _evaluate(form: tuple[Tensor, Tensor], widths: Tensor) -> Tensor:
    """Evaluate linear forms at widths (..., G): (..., layers)."""
    matrix, rest = form
    return widths @ matrix.T + rest


class CostWeighing(Protocol):
    """Turns a rise of the loss and a change of the cost into one number; the smallest goes first."""

    def objective(self, scores: Tensor, changes: Tensor) -> Tensor:
        """Weigh scores (G,) against changes of the cost (G,), both float64."""
        ...


COSTS: Registry[CostWeighing] = Registry("cost")
