"""Dropout of the single weights that would be set to zero anyway (Gomez et al. 2019)."""

from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor

from backend.domain.regularizers import TargetedDropoutRegularizer
from worker.engine.counting import use_of
from worker.engine.graph import Network
from worker.engine.regularizers.dropout_course import DropoutCourse
from worker.engine.regularizers.regularizer import Ground, anything_removable

_INPUTS_FIRST = ("conv_transpose", "addmm", "mm", "matmul")
"""Beginnings of the kinds of operation whose weights' second axis makes the outputs; of others it is the first."""


class TargetedWeightDropout(DropoutCourse):
    """Of the weights that make one output those of least size are candidates; each is dropped with some probability.

    At the end the candidates are zero.
    """

    def __init__(self, spec: TargetedDropoutRegularizer, ground: Ground) -> None:
        super().__init__(spec, ground.steps)
        self._generator = ground.generator
        parameters = dict(ground.module.named_parameters())
        axes = _output_axes(ground.network, anything_removable(ground))
        self._weights = {name: (parameters[name], axis) for name, axis in axes.items()}

    def weights(self) -> dict[str, Tensor]:
        """All weights; those that are dropped are zero."""
        targeted, drop_rate = self.course()
        return {
            name: weight * ~(_candidates(weight, axis, targeted) & self._drawn(weight, drop_rate))
            for name, (weight, axis) in self._weights.items()
        }

    @torch.no_grad()
    def finish(self) -> dict[str, Tensor]:
        """Zero the candidates: the verdict is in the weights."""
        for weight, axis in self._weights.values():
            weight.masked_fill_(_candidates(weight, axis, self._spec.targeted), 0.0)
        return {}

    def _drawn(self, like: Tensor, drop_rate: float) -> Tensor:
        noise = torch.rand(like.shape, generator=self._generator)
        return (noise < drop_rate).to(like.device, non_blocking=True)


def _output_axes(network: Network, names: Iterable[str]) -> dict[str, int]:
    """By weight, the axis along which it makes different outputs."""
    uses = ((step.kind, use) for step in network.steps if (use := use_of(step, network)) is not None)
    found = {
        name: use.outputs[-1] if use.outputs else int(kind.startswith(_INPUTS_FIRST))
        for kind, use in uses
        for name in use.own
    }
    return {name: found[name] for name in names}


@torch.no_grad()
def _candidates(weight: Tensor, axis: int, targeted: float) -> Tensor:
    """Whether each weight is among the given share of its output's with least size (all of equal ones count)."""
    sizes = weight.detach().abs()
    lines = sizes.movedim(axis, 0).flatten(1)
    count = int(targeted * lines.size(1))
    if not count:
        return torch.zeros_like(weight, dtype=torch.bool)
    shape = [1] * weight.dim()
    shape[axis] = -1
    return sizes <= _smallest(lines, count).view(shape)


def _smallest(lines: Tensor, count: int) -> Tensor:
    """The `count`-th smallest of each line (K, n), as (K,).

    On the processor by NumPy, whose partition uses its vector instructions: an eighth of the library's own time.
    """
    if lines.device.type != "cpu":
        return lines.kthvalue(count, 1).values
    values = lines.float() if lines.dtype is torch.bfloat16 else lines  # of which NumPy knows nothing
    partitioned = np.partition(values.numpy(), count - 1, axis=1)
    return torch.from_numpy(partitioned[:, count - 1].copy()).to(lines.dtype)
