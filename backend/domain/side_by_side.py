"""Runs side by side: which belong to the same method, and where each has come."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from backend.domain import metrics
from backend.domain.comparison import Spread
from backend.domain.granularities import GranularityKind
from backend.domain.presets import PRESETS
from backend.domain.recipe import Recipe
from backend.domain.reports import OperatingPoint, RunLayout
from backend.domain.retraining import Distillation
from backend.domain.rewinding import rewound_step
from backend.domain.series_names import differences

_STARTS = {
    "continue": "",
    "rewind": "rewound",
    "reinitialize": "from fresh weights",
    "sign_kept": "from signs alone",
}
"""Where retraining starts, in names of methods."""


@dataclass(frozen=True)
class ComparedRun:
    """A pruning run as far as it has come."""

    id: str
    name: str
    model_id: str | None
    dataset_id: str | None
    recipe: Recipe
    layout: RunLayout
    points: Sequence[OperatingPoint]
    is_finished: bool
    epoch_steps: int | None = None
    """Mini-batches in a pass over the training data; None where that is not known any more."""
    removal_steps: int = 0
    """Training steps between removals so far."""
    dataset: str | None = None
    """Its title; None where it is gone."""

    @property
    def epochs(self) -> float:
        """Passes over the training data after the dense network, with all that the recipe still has to come.

        Sparsifying, between removals (so far) and retraining; a budget in MACs is counted at the last point's size.
        """
        recipe, per_epoch = self.recipe, self.epoch_steps
        longer = 1.0
        if recipe.retrain.budget == "macs" and self.points:
            longer = metrics.theoretical_speedup(self.layout.dense_macs, self.points[-1].macs)
        rewound = rewound_step(recipe) / per_epoch if per_epoch else 0.0
        each_point = max(0.0, recipe.retrain.epochs * longer - rewound)
        sparsifying = 0 if recipe.sparsify is None else recipe.sparsify.epochs
        if recipe.sparsify is not None and recipe.sparsify.passes == "each_point":
            sparsifying *= recipe.prune.points
        between = self.removal_steps / per_epoch if per_epoch else 0.0
        return sparsifying + between + each_point * recipe.prune.points


@dataclass(frozen=True)
class Series:
    """The runs of one recipe on networks of one shape and on one dataset, which differ in seeds alone."""

    label: str
    runs: tuple[ComparedRun, ...]
    is_baseline: bool

    @property
    def granularity(self) -> GranularityKind:
        """What one decision of this method removes."""
        return self.runs[0].recipe.prune.granularity.kind

    @property
    def epochs(self) -> Spread | None:
        """Passes over the training data after the dense network."""
        return Spread.of(run.epochs for run in self.runs)

    @property
    def dense_test_accuracy(self) -> Spread | None:
        """Of the dense networks."""
        return Spread.of(run.points[0].test_accuracy for run in self.runs if run.points)

    @property
    def test_accuracy(self) -> Spread | None:
        """Of the last points that were reached, the dense network not among them."""
        return Spread.of(point.test_accuracy for point, _ in self._last())

    @property
    def macs_density(self) -> Spread | None:
        """Of the same points: MACs kept."""
        return Spread.of(metrics.density(point.macs, layout.dense_macs) for point, layout in self._last())

    @property
    def file_macs_density(self) -> Spread | None:
        """Of the same points: MACs kept where those with zeros are counted; None where there are no zeros."""
        densities = (point.file_macs_density(layout) for point, layout in self._last())
        return Spread.of(density for density in densities if density is not None)

    @property
    def parameters_density(self) -> Spread | None:
        """Of the same points: parameters kept."""
        return Spread.of(metrics.density(point.parameters, layout.dense_parameters) for point, layout in self._last())

    def _last(self) -> Iterator[tuple[OperatingPoint, RunLayout]]:
        return ((run.points[-1], run.layout) for run in self.runs if len(run.points) > 1)


def series_of(runs: Sequence[ComparedRun]) -> tuple[Series, ...]:
    """Runs by recipe, shape of the network and dataset, in the order of their first one; labels tell them apart.

    Networks of one shape may have been trained from several seeds themselves.
    """
    groups: dict[tuple[str, str, str | None], list[ComparedRun]] = {}
    for run in runs:
        groups.setdefault((_print(run), _shape(run), run.dataset_id), []).append(run)
    labels = [label_of(group[0].recipe) for group in groups.values()]
    return tuple(
        Series(
            label=name,
            runs=tuple(group),
            is_baseline=PRESETS[label].is_baseline if label in PRESETS else _is_blind(group[0].recipe),
        )
        for label, name, group in zip(labels, _names(labels, list(groups.values())), groups.values(), strict=True)
    )


def _print(run: ComparedRun) -> str:
    return run.recipe.model_copy(update={"seed": 0}).fingerprint()


def _shape(run: ComparedRun) -> str:
    layout = run.layout
    return repr((layout.dense_macs, layout.dense_parameters, [(item.name, item.dense_width) for item in layout.layers]))


def _names(labels: Sequence[str], groups: Sequence[Sequence[ComparedRun]]) -> list[str]:
    """Labels that are unlike each other: with the settings, networks and datasets that are not the same."""
    heads = [group[0] for group in groups]
    names = list(labels)
    for label in set(labels):
        recipes = {_print(head): head.recipe for head, other in zip(heads, labels, strict=True) if other == label}
        if len(recipes) > 1:
            texts = dict(zip(recipes, differences(list(recipes.values())), strict=True))
            for place, head in enumerate(heads):
                names[place] += f" ({texts[_print(head)]})" if labels[place] == label else ""
    sizes = [f"{head.layout.dense_parameters:,} parameters" for head in heads]
    networks = _told("network", [_shape(head) for head in heads], sizes)
    data = _told("dataset", [head.dataset_id or "" for head in heads], [head.dataset or "" for head in heads])
    grounds = [", ".join(filter(None, pair)) for pair in zip(networks, data, strict=True)]
    return [f"{name} on {ground}" if ground else name for name, ground in zip(names, grounds, strict=True)]


def _told(noun: str, ids: Sequence[str], names: Sequence[str]) -> list[str]:
    """Names of things, if not all are the same one; numbers where names do not tell them apart."""
    known = dict(zip(ids, names, strict=True))
    if len(known) <= 1:
        return [""] * len(ids)
    numbers = {one: f"{noun} {place}" for place, one in enumerate(known, 1)}
    are_unlike = all(names) and len(set(known.values())) == len(known)
    return [(known if are_unlike else numbers)[one] for one in ids]


def label_of(recipe: Recipe) -> str:
    """The preset whose way of pruning this is, else the criterion and what else is unusual."""
    for preset in PRESETS.values():
        if _method(preset.recipe) == _method(recipe):
            return preset.name
    prune = recipe.prune
    defaults = ("channel", "global", "greedy")
    kinds = (prune.granularity.kind, prune.allocation.kind, prune.schedule.kind)
    axes: list[str] = [prune.criterion.kind]
    axes += [kind for kind, default in zip(kinds, defaults, strict=True) if kind != default]
    if prune.cost.kind != "none":
        axes.append(f"{prune.cost.kind} cost")
    if recipe.sparsify is not None:
        axes.insert(0, recipe.sparsify.regularizer.kind)
    if _makes_sparse(recipe.distill):
        axes.append("teacher while sparsifying")
    axes.append(_STARTS[recipe.retrain.start.kind])
    if recipe.retrain.budget == "macs":
        axes.append("for equal MACs")
    if recipe.dense is not None:
        axes.append("own dense training")
    return ", ".join(filter(None, axes))


def _method(recipe: Recipe) -> tuple[object, ...]:
    """What belongs to the method: not the target, the seed, how long it trains, or the retraining that all share."""
    prune, retrain, sparsify = recipe.prune, recipe.retrain, recipe.sparsify
    is_continued = retrain.start.kind == "continue"  # a student that starts afresh is made by its teacher
    return (
        *(prune.criterion, prune.granularity, prune.allocation, prune.cost, prune.schedule),
        *(sparsify and (sparsify.regularizer, sparsify.passes), recipe.dense and recipe.dense.keep_step),
        *(retrain.start, retrain.budget, retrain.learning_rate_decay == "rewind"),
        recipe.distill if not is_continued or _makes_sparse(recipe.distill) else None,
    )


def _makes_sparse(distill: Distillation | None) -> bool:
    return distill is not None and distill.teaches_sparsifying


def _is_blind(recipe: Recipe) -> bool:
    """Whether a recipe of one's own looks at nothing that a method could claim as its merit.

    It draws lots, thins all layers alike by norm, or keeps the architecture alone.
    """
    prune, start = recipe.prune, recipe.retrain.start.kind
    if recipe.sparsify is not None or recipe.dense is not None:
        return False
    if start == "reinitialize" or prune.criterion.kind == "random":
        return True
    return start == "continue" and prune.criterion.kind == "magnitude" and prune.allocation.kind == "uniform"
