"""What a criterion is: evidence in, one score per channel of each group out; a higher score means keep."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor

from worker.engine.coupling import ChannelGroup
from worker.engine.registry import Registry


@dataclass(frozen=True)
class Evidence:
    """What scores may be computed from; nobody changes it."""

    groups: Sequence[ChannelGroup]
    tensors: Mapping[str, Tensor]
    """The network's tensors as they are now, by name."""
    signal: Mapping[str, Tensor]
    """Mean over examples of g_nk^2 per group (K,); empty unless the criterion needs it."""
    generator: torch.Generator
    learned: Mapping[str, Tensor] = field(default_factory=dict)
    """What a regularizer said of each channel that is present, (K,) by group; empty when there was none."""


class ChannelCriterion(Protocol):
    """Scores channels."""

    needs_signal: bool
    """Whether training steps must accumulate the Fisher signal."""

    def score(self, evidence: Evidence) -> dict[str, Tensor]:
        """One finite score per channel, (K,), for every group."""
        ...


CRITERIA: Registry[ChannelCriterion] = Registry("criterion")
