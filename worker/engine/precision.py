"""Numeric precision of forward passes."""

from typing import Literal, TypeAlias

import torch

Precision: TypeAlias = Literal["float32", "bfloat16"]


def autocast(device: torch.device, precision: Precision) -> torch.autocast:
    """Run matrix products and convolutions in bfloat16, or everything in float32."""
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bfloat16")
