"""A paper's recipe by name, with its citation: one family a file."""

from backend.domain.presets.channels import CHANNEL_PRESETS
from backend.domain.presets.preset import Preset

PRESETS: dict[str, Preset] = {preset.name: preset for preset in (*CHANNEL_PRESETS,)}
"""Presets by name."""

__all__ = ["PRESETS", "Preset"]
