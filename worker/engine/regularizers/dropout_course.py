"""How the share of candidates and the probability of being dropped rise in targeted dropout (Gomez et al. 2019)."""

from collections.abc import Mapping

import torch
from torch import Tensor

from backend.domain.regularizers import TargetedDropoutRegularizer
from worker.engine.regularizers.regularizer import Neutral

_EARLY_SHARE = 0.95
"""Part of the targeted share that is reached half-way."""


class DropoutCourse(Neutral):
    """Counts steps, and knows what holds at each."""

    def __init__(self, spec: TargetedDropoutRegularizer, steps: int) -> None:
        self._spec, self._steps = spec, steps
        self._done = 0

    def course(self) -> tuple[float, float]:
        """Targeted share and probability at this step."""
        if self._spec.course == "constant":
            return self._spec.targeted, self._spec.drop_rate
        done = self._done / self._steps
        rise = 2 * done * _EARLY_SHARE if done < 1 / 2 else _EARLY_SHARE + (2 * done - 1) * (1 - _EARLY_SHARE)
        return self._spec.targeted * rise, self._spec.drop_rate * done

    def finish_step(self, learning_rate: float) -> None:  # noqa: ARG002  (the protocol's signature)
        """Count."""
        self._done += 1

    def state(self) -> dict[str, Tensor]:
        """Steps done."""
        return {"done": torch.tensor(self._done)}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Go on counting."""
        self._done = int(state["done"])
