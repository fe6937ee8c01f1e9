"""Which channels of each group are still on, and which original channel each of them was."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from worker.engine.coupling import ChannelGroup


@dataclass(frozen=True)
class Masks:
    """Per group: original channel ids that are physically present (long), and whether each is on (bool), on the CPU."""

    original: Mapping[str, Tensor]
    on: Mapping[str, Tensor]

    @classmethod
    def full(cls, groups: Sequence[ChannelGroup]) -> Self:
        """All channels present and on."""
        return cls(
            {group.name: torch.arange(group.width) for group in groups},
            {group.name: torch.ones(group.width, dtype=torch.bool) for group in groups},
        )

    @property
    def widths(self) -> dict[str, int]:
        """Channels that are on, by group."""
        return {name: int(on.sum()) for name, on in self.on.items()}

    @property
    def physical_widths(self) -> dict[str, int]:
        """Channels that are present, on or off, by group."""
        return {name: len(on) for name, on in self.on.items()}

    @property
    def is_compact(self) -> bool:
        """No channel is present but off."""
        return all(bool(on.all()) for on in self.on.values())

    def off(self, channels: Sequence[tuple[str, int]]) -> Self:
        """Turn off channels given as (group, position among those present)."""
        on = {name: mask.clone() for name, mask in self.on.items()}
        for name, position in channels:
            on[name][position] = False
        return type(self)(self.original, on)

    def compacted(self) -> Self:
        """What is left once the channels that are off are gone."""
        kept = {name: ids[self.on[name]] for name, ids in self.original.items()}
        return type(self)(kept, {name: torch.ones(len(ids), dtype=torch.bool) for name, ids in kept.items()})

    def present(self, dense_widths: Mapping[str, int]) -> dict[str, Tensor]:
        """Bool masks over the dense network's channels: those physically present."""
        keep = {name: torch.zeros(width, dtype=torch.bool) for name, width in dense_widths.items()}
        for name, ids in self.original.items():
            keep[name][ids] = True
        return keep

    def label(self, name: str, position: int) -> str:
        """Name a channel for the history: `group:original index`."""
        return f"{name}:{int(self.original[name][position])}"

    def tensors(self) -> dict[str, Tensor]:
        """Flatten for a checkpoint."""
        original = {f"{name}/original": ids for name, ids in self.original.items()}
        return original | {f"{name}/on": on for name, on in self.on.items()}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Tensor], names: Sequence[str]) -> Self:
        """Read what `tensors` flattened; `names` are the groups in forward order."""
        return cls(
            {name: tensors[f"{name}/original"] for name in names}, {name: tensors[f"{name}/on"] for name in names}
        )
