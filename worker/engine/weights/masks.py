"""Which single weights are kept; all others are zero, and stay so whatever an optimizer does."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Self

import torch
from torch import Tensor, nn


class WeightMasks:
    """Masks over weights by tensor name, True = keep; tensors without one are whole."""

    def __init__(self, kept: Mapping[str, Tensor] | None = None) -> None:
        self.kept: Mapping[str, Tensor] = dict(kept or {})
        """Bool, in the tensor's shape."""
        self._gone: list[tuple[nn.Parameter, Tensor]] = []
        """Parameters of the module that was masked last, with what goes of them, in their memory format."""
        self._module: nn.Module | None = None

    @torch.no_grad()
    def apply(self, module: nn.Module) -> None:
        """Set what is not kept to exactly zero: after every optimizer step, since momentum moves masked weights too."""
        for parameter, gone in self._gone_of(module):
            parameter.masked_fill_(gone, 0.0)

    def drop_gradients(self, module: nn.Module) -> None:
        """Set the gradients of what is not kept to zero: before they are measured."""
        for parameter, gone in self._gone_of(module):
            if parameter.grad is not None:
                parameter.grad.masked_fill_(gone, 0.0)

    def _gone_of(self, module: nn.Module) -> Sequence[tuple[nn.Parameter, Tensor]]:
        if self._module is not module:
            own = dict(module.named_parameters())
            pairs = [(own[name], kept) for name, kept in self.kept.items()]
            self._gone = [(item, torch.empty_like(item, dtype=torch.bool).copy_(~kept)) for item, kept in pairs]
            self._module = module
        return self._gone

    @cached_property
    def counts(self) -> Mapping[str, int]:
        """Weights that are kept, by tensor."""
        return {name: int(kept.sum()) for name, kept in self.kept.items()}

    def tensors(self) -> dict[str, Tensor]:
        """Copies for a checkpoint, on the CPU."""
        return {name: kept.to("cpu", copy=True) for name, kept in self.kept.items()}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Tensor], device: torch.device) -> Self:
        """Read what `tensors` copied."""
        return cls({name: kept.to(device) for name, kept in tensors.items()})
