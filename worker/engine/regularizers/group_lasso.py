"""Group lasso over everything that makes a channel, by proximal steps (Wen et al. 2016)."""

import torch
from torch import Tensor, nn

from backend.domain.regularizers import GroupLassoRegularizer
from worker.engine.regularizers.lines import read_lines, scale_lines
from worker.engine.regularizers.regularizer import REGULARIZERS, Ground, MakeRegularizer


@REGULARIZERS.register(GroupLassoRegularizer)
def group_lasso(spec: GroupLassoRegularizer) -> MakeRegularizer:
    """Make the regularizer of a network."""
    return lambda ground: GroupLasso(spec, ground)


class GroupLasso:
    """`w <- w * max(0, 1 - learning_rate * strength * sqrt(|w|) / ||w||)` for each channel: zeros are exact.

    The proximal step minimizes the penalty, which is therefore not part of the loss that gradients are taken of.
    """

    speed = 1.0

    def __init__(self, spec: GroupLassoRegularizer, ground: Ground) -> None:
        self._strength = spec.strength
        self._groups = ground.groups
        self._tensors = dict(ground.module.named_parameters())
        self.parameters: dict[str, nn.Parameter] = {}

    def weights(self) -> dict[str, Tensor]:
        """The network's own."""
        return {}

    def penalty(self) -> Tensor:
        """Nothing: the proximal step stands for it."""
        return torch.zeros(())

    @torch.no_grad()
    def finish_step(self, learning_rate: float) -> None:
        """Shrink every channel."""
        for group in self._groups:
            lines = torch.cat(read_lines(group, self._tensors), 1)
            threshold = learning_rate * self._strength * lines.size(1) ** 0.5
            norms = torch.linalg.vector_norm(lines, dim=1)
            scale_lines(group, self._tensors, (1 - threshold / norms.clamp_min(threshold)).clamp_min(0))

    def state(self) -> dict[str, Tensor]:
        """Nothing but the weights."""
        return {}

    def restore(self, state: object) -> None:
        """Nothing to restore."""

    def finish(self) -> dict[str, Tensor]:
        """The weights say it all."""
        return {}
