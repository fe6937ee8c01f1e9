"""Gates as they stand after a step, for the history."""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class LayerGates:
    """The gates of one layer, or of the coupled layers whose channels they are."""

    layer: str
    """The first of them."""
    probabilities: Tensor | None
    """How likely each gate is open, of any shape, on its device; None where gates are not random."""
    is_open: Tensor | None
    """Whether each would be open without noise, were this the end, bool; None where that is left to the removal."""
    gradient_variance: Tensor | None = None
    """Of the loss by each gate's logit, over the mini-batches since the gates were last taken; None: not estimated."""
