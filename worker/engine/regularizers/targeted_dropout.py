"""Dropout of the channels that would be removed anyway (Gomez et al. 2019)."""

import torch
from torch import Tensor

from backend.domain.regularizers import TargetedDropoutRegularizer
from worker.engine.regularizers.channel_gates import ChannelGates
from worker.engine.regularizers.dropout_course import DropoutCourse
from worker.engine.regularizers.layer_gates import LayerGates
from worker.engine.regularizers.regularizer import REGULARIZERS, Ground, MakeRegularizer
from worker.engine.regularizers.targeted_weight_dropout import TargetedWeightDropout


@REGULARIZERS.register(TargetedDropoutRegularizer)
def targeted_dropout(spec: TargetedDropoutRegularizer) -> MakeRegularizer:
    """Make the regularizer of a network."""
    return lambda ground: (TargetedDropout if spec.dropped == "channels" else TargetedWeightDropout)(spec, ground)


class TargetedDropout(DropoutCourse):
    """In each group the channels with the smallest norms are candidates; each is dropped with some probability."""

    def __init__(self, spec: TargetedDropoutRegularizer, ground: Ground) -> None:
        super().__init__(spec, ground.steps)
        self._generator = ground.generator
        self._gates = ChannelGates(ground)

    def weights(self) -> dict[str, Tensor]:
        """Weights that read channels; those of dropped channels are zero."""
        targeted, drop_rate = self.course()
        noise = torch.rand(self._gates.count, generator=self._generator).to(self._gates.device, non_blocking=True)
        return self._gates.gated((self._others(targeted) | (noise >= drop_rate)).float())

    def take_gates(self) -> list[LayerGates]:
        """Candidates are dropped with some probability, others never; without noise all are open."""
        targeted, drop_rate = self.course()
        return self._gates.by_layer(1.0 - drop_rate * (~self._others(targeted)).float(), None)

    def finish(self) -> dict[str, Tensor]:
        """Scores are root mean squares of the weights that make a channel, by which candidates were chosen."""
        return self._gates.making.root_mean_squares() | self._gates.whole()

    @torch.no_grad()
    def _others(self, targeted: float) -> Tensor:
        """False for the given share of each group's channels, with the smallest norms; bool (G,)."""
        squares = self._gates.making.squared_sums()
        others = torch.ones_like(squares, dtype=torch.bool)
        for part, own in zip(self._gates.making.parts(squares), self._gates.making.parts(others), strict=True):
            own.index_fill_(0, part.argsort(stable=True)[: int(targeted * len(part))], 0)
        return others
