"""Whether a target can be reached, and the nearest point that can, under the recipe's limits on widths."""

from dataclasses import dataclass
from typing import Literal

from backend.domain import metrics
from backend.domain.bounds import width_bounds
from backend.domain.network import NetworkSummary
from backend.domain.pruning import Prune
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
    """The thinnest network that minimum width, width multiple and pins allow, against a target."""

    target: Target
    prune: Prune
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
        limits = [f"no layer thinner than {self.prune.minimum_width} channels"]
        if self.prune.width_multiple > 1:
            limits.append(f"widths at multiples of {self.prune.width_multiple}")
        if self.prune.pins:
            count = len(self.prune.pins)
            limits.append("1 layer kept whole" if count == 1 else f"{count} layers kept whole")
        return (
            f"The target keeps {self.target.density:.2%} of the {noun}, but with {_enumerate(limits, 'and')} at least "
            f"{self.density:.2%} stay ({self.floor.macs:,} MACs, {self.floor.parameters:,} parameters)."
        )

    @property
    def hint(self) -> str:
        """What to ask for instead."""
        ways = ["lower prune.minimum_width"]
        if self.prune.width_multiple > 1:
            ways.append("lower prune.width_multiple")
        if self.prune.pins:
            ways.append("remove pins")
        if self.nearest in (0.0, 1.0):
            return f"No target can be reached: {_enumerate(ways, 'or')}."
        return f"The nearest reachable point is {self.field} = {self.nearest:g}; or {_enumerate(ways, 'or')}."


def reach(summary: NetworkSummary, recipe: Recipe) -> Reach:
    """Thin every channel group as far as the recipe allows and compare what is left with the target."""
    model = SizeModel.of(summary)
    floor = model.counts({name: bounds.floor for name, bounds in width_bounds(summary, recipe.prune).items()})
    density = density_of(recipe.target.kind, floor, model.dense)
    return Reach(recipe.target, recipe.prune, floor, density)


def _enumerate(parts: list[str], word: str) -> str:
    *first, last = parts
    return f"{', '.join(first)} {word} {last}" if first else last
