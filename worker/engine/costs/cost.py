"""The cost of a network at some widths, what one channel less saves, and how that is weighed against the loss."""

from typing import Protocol

import torch
from torch import Tensor

from worker.engine.registry import Registry


class Amount(Protocol):
    """What a network of some widths takes: operations, or time.

    Widths are float64 (G,), one per channel group in forward order. All work is on whole vectors: a network of
    50 groups costs microseconds, so the change is computed again after every removal.
    """

    @property
    def dense_widths(self) -> Tensor:
        """Of the network as it came, (G,)."""
        ...

    def at(self, widths: Tensor) -> Tensor:
        """For one example at widths (..., G): (...)."""
        ...


class CostModel:
    """An amount in units of the dense network's."""

    def __init__(self, amount: Amount) -> None:
        self._amount = amount
        self._dense = amount.at(amount.dense_widths)

    def changes(self, widths: Tensor, sizes: Tensor | None = None) -> Tensor:
        """Change of the cost when a group loses one channel, (G,), below zero, in units of the dense cost.

        With `sizes` (G,): the change for each of that many channels, when they go together.
        """
        going = torch.ones_like(widths) if sizes is None else sizes
        thinner = widths - torch.diag(going)
        return (self._amount.at(thinner) - self._amount.at(widths)) / self._dense / going


class CostWeighing(Protocol):
    """Turns a rise of the loss and a change of the cost into one number; the smallest goes first."""

    def objective(self, scores: Tensor, changes: Tensor) -> Tensor:
        """Weigh scores (G,) against changes of the cost (G,), both float64."""
        ...


COSTS: Registry[CostWeighing] = Registry("cost")
