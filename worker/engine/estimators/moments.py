"""How much gradients differ from one mini-batch to the next."""

import torch
from torch import Tensor

_LEAST = 2
"""Fewer gradients have no variance."""


class GradientMoments:
    """Sums over the gradients (G,) that came in since the variance was last taken."""

    def __init__(self, count: int, device: torch.device) -> None:
        self._sums, self._squares = torch.zeros(2, count, device=device)
        self._seen = 0

    def add(self, gradient: Tensor) -> None:
        """Count one more mini-batch's gradient in; call it under `no_grad`."""
        self._sums.add_(gradient)
        self._squares.addcmul_(gradient, gradient)
        self._seen += 1

    def take_variance(self) -> Tensor | None:
        """Unbiased variance (G,) over the mini-batches since the last time, and begin anew; None of fewer than two."""
        seen, self._seen = self._seen, 0
        found = None
        if seen >= _LEAST:
            found = ((self._squares - self._sums.square() / seen) / (seen - 1)).clamp_min_(0)
        self._sums.zero_()
        self._squares.zero_()
        return found
