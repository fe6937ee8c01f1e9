"""Whether a target can be reached, and the nearest point that can, under the recipe's limits on widths."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TypeAlias

from backend.domain import metrics
from backend.domain.bounds import width_bounds
from backend.domain.granularities import ChannelGranularity
from backend.domain.network import NetworkSummary
from backend.domain.pruning import Prune
from backend.domain.recipe import Recipe
from backend.domain.targets import Target, TargetKind
from backend.domain.thinning import Counts, SizeModel
from backend.domain.weights import WeightCounts, WeightModel

_ROUNDING = 1e-12
"""Forgives rounding where a density, which counts of channels may hit exactly, is compared with a level."""
_Way: TypeAlias = tuple[str, Mapping[str, object]]
"""What to do, and how far the section prune can change by it."""
_UNPIN: _Way = ("take layers out of prune.pins", {"pins": ()})
_WAYS_OF_CHANNELS: tuple[_Way, ...] = (
    ("lower prune.minimum_width", {"minimum_width": 1}),
    ("lower prune.width_multiple", {"width_multiple": 1}),
    _UNPIN,
)
_WAYS_OF_WEIGHTS: tuple[_Way, ...] = (
    _UNPIN,
    (
        "choose prune.granularity `channel`, which takes biases and norms along",
        {"granularity": ChannelGranularity()},
    ),
)
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
    """What would let the target be reached, or else the network become smaller; none where nothing would."""

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
        ways = _enumerate(self.ways, "or") if self.ways else None
        if self.nearest in (0.0, 1.0):
            return f"No target can be reached: {ways or 'choose another network'}."
        return f"The nearest reachable point is {self.field} = {self.nearest:g}{f'; or {ways}' if ways else ''}."


def reach(summary: NetworkSummary, recipe: Recipe) -> Reach:
    """Take as much from the network as the recipe allows and compare what is left with the target."""
    if recipe.prune.granularity.kind == "unstructured":
        return _reach_of_weights(summary, recipe)
    prune, target = recipe.prune, recipe.target
    floor, density = _floor(summary, prune, target.kind)
    if all(group.width <= group.multiple for group in summary.groups):
        instead = "choose prune.granularity `unstructured`, which sets single weights to zero"
        return Reach(target, _NOUNS[target.kind], floor, density, ("every channel locked",), (instead,))
    limits = [f"no layer thinner than {prune.minimum_width} channels"]
    if prune.width_multiple > 1:
        limits.append(f"widths at multiples of {prune.width_multiple}")
    ways = _ways(summary, recipe, _WAYS_OF_CHANNELS)
    return Reach(target, _NOUNS[target.kind], floor, density, (*limits, *_pins(prune)), ways)


def _reach_of_weights(summary: NetworkSummary, recipe: Recipe) -> Reach:
    kind = recipe.target.kind
    floor, density = _floor(summary, recipe.prune, kind)
    limits = ("biases, norms and one weight of every layer kept", *_pins(recipe.prune))
    noun = "weights" if kind == "sparsity" else _NOUNS[kind]
    return Reach(recipe.target, noun, floor, density, limits, _ways(summary, recipe, _WAYS_OF_WEIGHTS))


def _floor(summary: NetworkSummary, prune: Prune, kind: TargetKind) -> tuple[Counts | WeightCounts, float]:
    """The smallest network, and the fraction that it keeps of what the target counts."""
    if prune.granularity.kind == "unstructured":
        weights = WeightModel.of(summary, prune)
        return weights.counts(weights.floor), weights.density(kind, weights.floor)
    model = SizeModel.of(summary)
    floor = model.counts({name: bounds.floor for name, bounds in width_bounds(summary, prune).items()})
    return floor, density_of(kind, floor, model.dense)


def _ways(summary: NetworkSummary, recipe: Recipe, ways: Sequence[_Way]) -> tuple[str, ...]:
    """The fewest changes, one or several together, that reach the target; else those that come nearer."""
    prune, target = recipe.prune, recipe.target

    def density(changed: Sequence[_Way]) -> float:
        update = {name: value for _, changes in changed for name, value in changes.items()}
        return _floor(summary, prune.model_copy(update=update), target.kind)[1]

    now = density(())
    if is_down_to(now, target.density):
        return ()
    several = [together for count in range(1, len(ways) + 1) for together in combinations(ways, count)]
    reached = [(together, density(together)) for together in several]
    enough = [together for together, least in reached if is_down_to(least, target.density)]
    helping = enough or [together for together, least in reached if not is_down_to(now, least)]
    fewest = min(map(len, helping), default=0)
    return tuple(
        _enumerate([text for text, _ in together], "and") + ("" if enough else " to come nearer")
        for together in helping
        if len(together) == fewest
    )


def _pins(prune: Prune) -> tuple[str, ...]:
    """Pins as a limit."""
    count = len(prune.pins)
    return ("1 layer kept whole" if count == 1 else f"{count} layers kept whole",) if count else ()


def _enumerate(parts: Sequence[str], word: str) -> str:
    *first, last = parts
    return f"{', '.join(first)} {word} {last}" if first else last
