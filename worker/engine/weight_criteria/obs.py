"""The rise of the loss when a weight becomes zero and all others make up for it (Hassibi and Stork 1993)."""

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from backend.domain.criteria import ObsCriterion
from worker.engine.weight_criteria.criterion import WEIGHT_CRITERIA, WeightEvidence
from worker.engine.weights.signal import WeightReading

_PIECE = 2**16
"""Weights whose gradients are made float64 at a time."""


@WEIGHT_CRITERIA.register(ObsCriterion)
class WeightObs:
    """`w_q^2 / (2 [H^-1]_qq)`, in nats, with one block of H for each layer.

    H is the empirical Fisher information of M gradients, `damping * I + G' G / M`. Its rank lets everything be worked
    out exactly with matrices of M x M (Woodbury), so that no layer is too large.
    """

    reading = WeightReading.GRADIENTS

    def __init__(self, spec: ObsCriterion) -> None:
        self.spec = spec

    def score(self, evidence: WeightEvidence) -> dict[str, Tensor]:
        """With weights that went earlier left out of H; 0 where a layer's gradients are all zero, and so is its H."""
        scores = {}
        for layer in evidence.layers:
            weights = layer.flat(evidence.tensors).double()
            is_there = weights != 0
            gradients = layer.lines(evidence.signal) * is_there
            curvature = self._curvature(gradients, is_there)
            rises = weights.square() / curvature.inverse_diagonal() / 2
            scores[layer.name] = torch.where(gradients.any(), rises, 0.0)
        return scores

    def compensated(self, evidence: WeightEvidence, kept: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Add the change of the weights that stay which is best for all that go together: `H_RR^-1 H_RQ w_Q`."""
        values = {}
        for layer in evidence.layers:
            weights, stays = layer.flat(evidence.tensors), kept[layer.name]
            is_there = weights != 0
            gradients = layer.lines(evidence.signal) * is_there
            curvature = self._curvature(gradients, is_there).among(stays)
            change = curvature.solve(gradients @ torch.where(stays, 0.0, weights))
            values[layer.name] = torch.where(stays, weights + change.to(weights.dtype), 0.0)
        return values

    def _curvature(self, gradients: Tensor, is_there: Tensor) -> "LowRankCurvature":
        """Of the gradients of weights that are there; damped by 1 where they are all zero."""
        size = torch.linalg.vector_norm(gradients).double().square() / (len(gradients) * is_there.sum())
        return LowRankCurvature(gradients, self.spec.damping * torch.where(size > 0, size, torch.ones_like(size)))


class LowRankCurvature:
    """`H = damping * I + G' G / M` for gradients G (M, d), without ever being written out; sums are float64."""

    def __init__(self, gradients: Tensor, damping: Tensor) -> None:
        self._gradients, self._damping = gradients, damping
        count = len(gradients)
        kernel = damping * torch.eye(count, dtype=torch.float64, device=gradients.device)
        for piece in self._pieces():
            kernel += piece @ piece.T / count
        self._factor: Tensor = torch.linalg.cholesky(kernel)

    def inverse_diagonal(self) -> Tensor:
        """`[H^-1]_qq`, (d,), float64."""
        halves = (torch.linalg.solve_triangular(self._factor, piece, upper=False) for piece in self._pieces())
        parts = [half.square().sum(0) for half in halves]
        reach = torch.cat(parts) / len(self._gradients)
        return (1 - reach) / self._damping

    def among(self, chosen: Tensor) -> "LowRankCurvature":
        """The same with the rows and columns of chosen weights only (bool (d,)); the others count for nothing."""
        return LowRankCurvature(self._gradients * chosen, self._damping)

    def solve(self, pull: Tensor) -> Tensor:
        """`H^-1 G' pull / M`, (d,), float64, for pull (M,)."""
        inner: Tensor = torch.cholesky_solve(pull.double()[:, None], self._factor)[:, 0] / len(pull)
        return torch.cat([piece.T @ inner for piece in self._pieces()])

    def _pieces(self) -> Iterator[Tensor]:
        """Columns of G in float64, as many at a time as there is room for."""
        for piece in torch.split(self._gradients, _PIECE, 1):
            yield piece.double()
