"""What a criterion is: evidence in, one score per channel of each group out; a higher score means keep."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor

from worker.engine.coupling import ChannelGroup
from worker.engine.registry import Registry
from worker.engine.signal import Needs, Reading


@dataclass(frozen=True)
class Evidence:
    """What scores may be computed from; nobody changes it."""

    groups: Sequence[ChannelGroup]
    tensors: Mapping[str, Tensor]
    """The network's tensors as they are now, by name."""
    signal: Mapping[Reading, Mapping[str, Tensor]]
    """What the criterion asked for, by group; groups that do not show their channels have none."""
    generator: torch.Generator
    learned: Mapping[str, Tensor] = field(default_factory=dict)
    """What a regularizer said of each channel that is present, (K,) by group; empty when there was none."""
    learned_units: Mapping[str, Tensor] = field(default_factory=dict)
    """Root mean square of what it said of all channels that it saw, () by group."""
    earlier: Mapping[str, Tensor] = field(default_factory=dict)
    """Scores at the last removal, (K,) by group; empty at the first one."""
    on: Mapping[str, Tensor] = field(default_factory=dict)
    """Which of the channels present are on, bool (K,) by group on the CPU; all are in a group that is not there."""
    curvature: Mapping[str, Tensor] = field(default_factory=dict)
    """What was read of the weights that make channels, by tensor, where the criterion asked for it."""
    batch_norm_scales: frozenset[str] = frozenset()
    """Names of the tensors that are scales (gamma) of batch norms."""


class ChannelCriterion(Protocol):
    """Scores channels."""

    needs: Needs
    """What must be read during the training steps before a removal."""

    def score(self, evidence: Evidence) -> dict[str, Tensor]:
        """One finite score per channel, (K,), for every group."""
        ...


def scores_at_gates(evidence: Evidence, values: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """What was read of each group's channels, (K,); groups that do not show them, which a run keeps, score zero."""
    return {
        group.name: values[group.name] if group.name in values else torch.zeros(group.width, dtype=torch.float64)
        for group in evidence.groups
    }


CRITERIA: Registry[ChannelCriterion] = Registry("criterion")
