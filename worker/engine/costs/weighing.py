"""The three ways of weighing saved compute against a rise of the loss (Theis et al. 2018)."""

import torch
from torch import Tensor

from backend.domain.costs import FixedCost, NoCost, ParameterFreeCost
from worker.engine.costs.cost import COSTS


@COSTS.register(NoCost)
class LossAlone:
    """dL: saved compute does not count."""

    def __init__(self, spec: NoCost) -> None:
        self.spec = spec

    def objective(self, scores: Tensor, changes: Tensor) -> Tensor:  # noqa: ARG002  (the protocol's signature)
        """Return the scores."""
        return scores


@COSTS.register(FixedCost)
class LossAndCost:
    """dL + beta dC."""

    def __init__(self, spec: FixedCost) -> None:
        self.spec = spec

    def objective(self, scores: Tensor, changes: Tensor) -> Tensor:
        """Add the weighted change of the cost, which is below zero."""
        return scores + self.spec.beta * changes


@COSTS.register(ParameterFreeCost)
class LossPerCost:
    """-dL / dC: loss per saved operation, or per saved time."""

    def __init__(self, spec: ParameterFreeCost) -> None:
        self.spec = spec

    def objective(self, scores: Tensor, changes: Tensor) -> Tensor:
        """Divide by what is saved; what saves nothing goes last."""
        return torch.where(changes < 0, -scores / changes, torch.inf)
