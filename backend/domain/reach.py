"""Whether a target can be reached, and the nearest point that can, under the recipe's limits on widths."""

from collections.abc import Sequence
from dataclasses import dataclass

from backend.domain import metrics
from backend.domain.bounds import width_bounds
from backend.domain.network import NetworkSummary
from backend.domain.pruning import Prune
from backend.domain.recipe import Recipe
from backend.domain.targets import Target, TargetKind
from backend.domain.thinning import Counts, SizeModel
from backend.domain.weights import WeightCounts, WeightModel

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
    """The smallest network that the recipe's limits allow, against a target."""

    target: Target
    noun: str
    """What the target counts."""
    floor: Counts | WeightCounts
    density: float
    """Fraction that the smallest network keeps of what the target counts."""
    limits: tuple[str, ...]
    """What holds it back."""
    ways: tuple[str, ...]
    """What would let it become smaller."""

    @property
    def is_reachable(self) -> bool:
        """The target asks for no less than the smallest network keeps."""
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
        return (
            f"The target keeps {self.target.density:.2%} of the {self.noun}, but with {_enumerate(self.limits, 'and')} "
            f"at least {self.density:.2%} stay ({self.floor.macs:,} MACs, {self.floor.parameters:,} parameters)."
        )

    @property
    def hint(self) -> str:
        """What to ask for instead."""
        if self.nearest in (0.0, 1.0):
            return f"No target can be reached: {_enumerate(self.ways, 'or')}."
        return f"The nearest reachable point is {self.field} = {self.nearest:g}; or {_enumerate(self.ways, 'or')}."


def reach(summary: NetworkSummary, recipe: Recipe) -> Reach:
    """Take as much from the network as the recipe allows and compare what is left with the target."""
    if recipe.prune.granularity.kind == "unstructured":
        return _reach_of_weights(summary, recipe)
    prune, kind = recipe.prune, recipe.target.kind
    model = SizeModel.of(summary)
    floor = model.counts({name: bounds.floor for name, bounds in width_bounds(summary, prune).items()})
    limits, ways = [f"no layer thinner than {prune.minimum_width} channels"], ["lower prune.minimum_width"]
    if prune.width_multiple > 1:
        limits.append(f"widths at multiples of {prune.width_multiple}")
        ways.append("lower prune.width_multiple")
    pinned, unpin = _pins(prune)
    density = density_of(kind, floor, model.dense)
    if all(group.width <= group.multiple for group in summary.groups):
        instead = "choose prune.granularity `unstructured`, which sets single weights to zero"
        return Reach(recipe.target, _NOUNS[kind], floor, density, ("every channel locked",), (instead,))
    return Reach(recipe.target, _NOUNS[kind], floor, density, (*limits, *pinned), (*ways, *unpin))


def _reach_of_weights(summary: NetworkSummary, recipe: Recipe) -> Reach:
    prune, kind = recipe.prune, recipe.target.kind
    model = WeightModel.of(summary, prune)
    pinned, unpin = _pins(prune)
    limits = ("biases, norms and one weight of every layer kept", *pinned)
    ways = unpin or ("choose prune.granularity `channel`, which takes biases and norms along",)
    noun = "weights" if kind == "sparsity" else _NOUNS[kind]
    return Reach(recipe.target, noun, model.counts(model.floor), model.density(kind, model.floor), limits, ways)


def _pins(prune: Prune) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Pins as a limit, and what to do about them."""
    count = len(prune.pins)
    if not count:
        return (), ()
    return ("1 layer kept whole" if count == 1 else f"{count} layers kept whole",), ("remove pins",)


def _enumerate(parts: Sequence[str], word: str) -> str:
    *first, last = parts
    return f"{', '.join(first)} {word} {last}" if first else last
