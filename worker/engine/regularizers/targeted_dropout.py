"""Dropout of the channels that would be removed anyway (Gomez et al. 2019)."""

from collections.abc import Mapping

import torch
from torch import Tensor

from backend.domain.regularizers import TargetedDropoutRegularizer
from worker.engine.regularizers.channel_gates import ChannelGates
from worker.engine.regularizers.layer_gates import LayerGates
from worker.engine.regularizers.regularizer import REGULARIZERS, Ground, MakeRegularizer, Neutral

_EARLY_SHARE = 0.95
"""Part of the targeted share that is reached half-way."""


@REGULARIZERS.register(TargetedDropoutRegularizer)
def targeted_dropout(spec: TargetedDropoutRegularizer) -> MakeRegularizer:
    """Make the regularizer of a network."""
    return lambda ground: TargetedDropout(spec, ground)


class TargetedDropout(Neutral):
    """In each group the channels with the smallest norms are candidates; each is dropped with some probability."""

    def __init__(self, spec: TargetedDropoutRegularizer, ground: Ground) -> None:
        self._spec, self._steps, self._generator = spec, ground.steps, ground.generator
        self._gates = ChannelGates(ground)
        self._done = 0

    def weights(self) -> dict[str, Tensor]:
        """Weights that read channels; those of dropped channels are zero."""
        targeted, drop_rate = self._course()
        noise = torch.rand(self._gates.count, generator=self._generator).to(self._gates.device, non_blocking=True)
        return self._gates.gated(1.0 - (self._candidates(targeted) & (noise < drop_rate)).float())

    def finish_step(self, learning_rate: float) -> None:  # noqa: ARG002  (the protocol's signature)
        """Count."""
        self._done += 1

    def layer_gates(self) -> list[LayerGates]:
        """Candidates are dropped with some probability, others never; without noise all are open."""
        targeted, drop_rate = self._course()
        return self._gates.by_layer(1.0 - drop_rate * self._candidates(targeted).float(), None)

    def state(self) -> dict[str, Tensor]:
        """Steps done."""
        return {"done": torch.tensor(self._done)}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Go on counting."""
        self._done = int(state["done"])

    def finish(self) -> dict[str, Tensor]:
        """Scores are root mean squares of the weights that make a channel, by which candidates were chosen."""
        return self._gates.making.root_mean_squares() | self._gates.whole()

    def _course(self) -> tuple[float, float]:
        """Targeted share and probability at this step."""
        if self._spec.course == "constant":
            return self._spec.targeted, self._spec.drop_rate
        done = self._done / self._steps
        rise = 2 * done * _EARLY_SHARE if done < 1 / 2 else _EARLY_SHARE + (2 * done - 1) * (1 - _EARLY_SHARE)
        return self._spec.targeted * rise, self._spec.drop_rate * done

    @torch.no_grad()
    def _candidates(self, targeted: float) -> Tensor:
        """Whether each channel is among the given share of its group with the smallest norms, bool (G,)."""
        squares = self._gates.making.squared_sums()
        parts = self._gates.making.by_group(squares).values()
        ranks = [part.argsort(stable=True).argsort(stable=True) for part in parts]
        return torch.cat([rank < int(targeted * len(rank)) for rank in ranks])
