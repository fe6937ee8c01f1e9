"""Networks are trained and pruned in float32: programs in another floating-point type are brought there as a whole."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from worker.engine.graph.schema import DTYPE_NAMES
from worker.intake.exported_program.operations import Step


def own_type(tensors: Mapping[str, Tensor], parameters: frozenset[str]) -> torch.dtype:
    """The floating-point type that the parameters have (float32 where there is none)."""
    types = (tensor.dtype for name, tensor in tensors.items() if name in parameters and tensor.is_floating_point())
    return next(types, torch.float32)


def in_single(steps: Sequence[Step], own: torch.dtype) -> list[Step]:
    """The steps with float32 wherever they name the type `own`."""
    if own is torch.float32:
        return list(steps)
    return [
        replace(step, arguments=tuple((name, _changed(value, own)) for name, value in step.arguments)) for step in steps
    ]


def single_name(name: str, own: torch.dtype) -> str:
    """The type `name`, float32 in place of `own`."""
    return DTYPE_NAMES[torch.float32] if name == DTYPE_NAMES[own] else name


def _changed(value: Any, own: torch.dtype) -> Any:
    if isinstance(value, list):
        return [_changed(item, own) for item in value]
    return torch.float32 if value is own else value
