"""A paper's recipe by name, with its citation: one family a file."""

from collections.abc import Mapping

from backend.domain.presets.authors import AUTHORS_PRESETS
from backend.domain.presets.channels import CHANNEL_PRESETS
from backend.domain.presets.preset import Preset
from backend.domain.presets.rewinding import REWINDING_PRESETS
from backend.domain.presets.sparsifying import SPARSIFYING_PRESETS
from backend.domain.presets.unstructured import UNSTRUCTURED_PRESETS

_FAMILIES: Mapping[str, tuple[Preset, ...]] = {
    "Whole channels": CHANNEL_PRESETS,
    "Whole channels, as their authors did": AUTHORS_PRESETS,
    "Single weights": UNSTRUCTURED_PRESETS,
    "Sparsify while training": SPARSIFYING_PRESETS,
    "After the architecture is found": REWINDING_PRESETS,
}
"""Presets by the title under which they are offered."""

PRESETS: dict[str, Preset] = {
    preset.name: preset.model_copy(update={"family": family})
    for family, presets in _FAMILIES.items()
    for preset in presets
}
"""Presets by name."""

__all__ = ["PRESETS", "Preset"]
