"""One mask for each channel, trained with an L1 penalty, closed for good when it hardly matters (Yang et al. 2019)."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from backend.domain.regularizers import L1MasksRegularizer
from worker.engine.regularizers.channel_gates import ChannelGates
from worker.engine.regularizers.gradients import gradient_of
from worker.engine.regularizers.layer_gates import LayerGates
from worker.engine.regularizers.regularizer import REGULARIZERS, Ground, MakeRegularizer, Neutral


@REGULARIZERS.register(L1MasksRegularizer)
def l1_masks(spec: L1MasksRegularizer) -> MakeRegularizer:
    """Make the regularizer of a network."""
    return lambda ground: L1Masks(spec, ground)


class L1Masks(Neutral):
    """`strength * sum of |mask|`; a channel is closed once the mean of `|mask * weight|` is below the threshold.

    The weights are those that read the channel, where the mask is multiplied in.
    """

    def __init__(self, spec: L1MasksRegularizer, ground: Ground) -> None:
        self._spec = spec
        self._gates = ChannelGates(ground)
        self.speed = spec.mask_speed
        self._masks = nn.Parameter(torch.ones(self._gates.count, device=self._gates.device))
        self._open = torch.ones(self._gates.count, dtype=torch.bool, device=self._gates.device)
        self.parameters: dict[str, nn.Parameter] = {"masks": self._masks}

    def weights(self) -> dict[str, Tensor]:
        """Weights that read channels, times the masks."""
        return self._gates.gated(self._masks)

    @torch.no_grad()
    def add_gradients(self) -> None:
        """The slopes of the L1 norm of the masks."""
        gradient_of(self._masks).add_(self._masks.sign(), alpha=self._spec.strength)

    @torch.no_grad()
    def finish_step(self, learning_rate: float) -> None:  # noqa: ARG002  (the protocol's signature)
        """Close what is below the threshold."""
        self._open &= self._magnitudes() >= self._spec.threshold
        self._masks.mul_(self._open)

    def take_gates(self) -> list[LayerGates]:
        """Masks are not random; those that were not closed for good are open."""
        return self._gates.by_layer(None, self._open)

    def state(self) -> dict[str, Tensor]:
        """Which channels are open."""
        return {"open": self._open.to("cpu", copy=True)}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Close what was closed."""
        self._open.copy_(state["open"])

    @torch.no_grad()
    def finish(self) -> dict[str, Tensor]:
        """Fold the masks into the weights; the scores are the means of `|mask * weight|`."""
        scores = self._magnitudes()
        self._gates.fold(self._masks)
        return self._gates.per_group(scores)

    def _magnitudes(self) -> Tensor:
        """Mean of `|mask * weight|` of each channel (G,)."""
        reading = self._gates.reading
        return self._masks.abs() * reading.absolute_sums() / reading.sizes
