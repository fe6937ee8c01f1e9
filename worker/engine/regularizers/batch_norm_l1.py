"""Network slimming: an L1 penalty on the scales of batch norms (Liu et al. 2017)."""

import torch
from torch import Tensor

from backend.domain.errors import FailureCode, JobFailure
from backend.domain.regularizers import BatchNormL1Regularizer
from worker.engine.batch_norms import batch_norm_scales, scales_of
from worker.engine.regularizers.regularizer import REGULARIZERS, Ground, MakeRegularizer, Neutral
from worker.engine.regularizers.shrinking import shrink_weights


@REGULARIZERS.register(BatchNormL1Regularizer)
def batch_norm_l1(spec: BatchNormL1Regularizer) -> MakeRegularizer:
    """Make the regularizer of a network."""
    return lambda ground: BatchNormL1(spec, ground)


class BatchNormL1(Neutral):
    """`strength * sum of |gamma|` over the batch norms that scale channels which can go.

    Its subgradient `strength * sign(gamma)` is added to the loss's gradient, as the authors do; or a proximal step
    follows the optimizer's, which leaves exact zeros.
    """

    def __init__(self, spec: BatchNormL1Regularizer, ground: Ground) -> None:
        self._spec = spec
        scales = batch_norm_scales(ground.network)
        names = {member.tensor for group in ground.groups for member in scales_of(group, scales)}
        if not names:
            raise JobFailure(
                FailureCode.INVALID_RECIPE,
                "No batch norm scales the channels of the network.",
                "Choose the regularizer `l0_hard_concrete` or `l1_masks`, which give every channel a gate of its own.",
            )
        tensors = dict(ground.module.named_parameters())
        self._scales: list[Tensor] = [tensors[name] for name in sorted(names)]

    def penalty(self) -> Tensor:
        """The L1 norm; nothing where the proximal step stands for it."""
        if self._spec.step == "proximal":
            return torch.zeros(())
        return self._spec.strength * torch.cat(self._scales).abs().sum()

    def finish_step(self, learning_rate: float) -> None:
        """Shrink the scales, if zeros are to be exact."""
        if self._spec.step == "proximal":
            for scale in self._scales:
                shrink_weights(scale, learning_rate * self._spec.strength)
