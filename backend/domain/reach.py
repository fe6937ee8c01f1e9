"""Whether a target can be reached, and the nearest point that can, under the minimum widths."""

from dataclasses import dataclass
from typing import Literal

from backend.domain import metrics
from backend.domain.network import NetworkSummary
from backend.domain.recipe import Recipe
from backend.domain.targets import Target
from backend.domain.thinning import Counts, SizeModel

TargetKind = Literal["sparsity", "macs", "parameters"]

_ROUNDING = 1e-12
"""Forgives rounding where a density, which counts of channels may hit exactly, is compared with a level."""
_NOUNS: dict[TargetKind, str] = {"sparsity": "channels", "macs": "MACs", "parameters": "parameters"}


def density_of(kind: TargetKind, counts: Counts, dense: Counts) -> float:
    """Fraction kept of what the target counts, in (0, 1]."""
    match kind:
        case "sparsity":
            return metrics.density(counts.channels, dense.channels)
        case "macs":
            return metrics.density(counts.macs, dense.macs)
        case "parameters":
            return metrics.density(counts.parameters, dense.parameters)


def is_down_to(density: float, level: float) -> bool:
    """A density is at or below a level."""
    return density <= level + _ROUNDING


@dataclass(frozen=True)
class Reach:
    """The thinnest network that the minimum widths allow, against a target."""

    target: Target
    minimum_width: int
    floor: Counts
    density: float
    """Fraction that the thinnest network keeps of what the target counts."""

    @property
    def is_reachable(self) -> bool:
        """The target asks for no less than the thinnest network keeps."""
        return is_down_to(self.density, self.target.density)

    @property
    def field(self) -> str:
        """Path of the value to change in the recipe."""
        return "target.sparsity" if self.target.kind == "sparsity" else "target.density"

    @property
    def nearest(self) -> float:
        """The value of that field that is just reachable, rounded to the safe side."""
        rounded = min(1.0, (int(self.density * 10_000) + 1) / 10_000)
        return round(1.0 - rounded, 4) if self.target.kind == "sparsity" else rounded

    @property
    def detail(self) -> str:
        """A sentence that says why the target is out of reach."""
        noun = _NOUNS[self.target.kind]
        return (
            f"The target keeps {self.target.density:.2%} of the {noun}, but with no layer thinner than "
            f"{self.minimum_width} channels at least {self.density:.2%} stay "
            f"({self.floor.macs:,} MACs, {self.floor.parameters:,} parameters)."
        )

    @property
    def hint(self) -> str:
        """What to ask for instead."""
        if self.nearest in (0.0, 1.0):
            return "No target can be reached: lower prune.minimum_width."
        return f"The nearest reachable point is {self.field} = {self.nearest:g}; or lower prune.minimum_width."


def reach(summary: NetworkSummary, recipe: Recipe) -> Reach:
    """Thin every channel group to the recipe's minimum width and compare what is left with the target."""
    model = SizeModel.of(summary)
    minimum = recipe.prune.minimum_width
    floor = model.counts({name: min(width, minimum) for name, width in model.dense_widths.items()})
    density = density_of(recipe.target.kind, floor, model.dense)
    return Reach(recipe.target, minimum, floor, density)
