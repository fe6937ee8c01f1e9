"""Runs side by side: which belong to the same method, and what keeps them from being compared fairly."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from backend.domain import metrics
from backend.domain.comparison import Spread
from backend.domain.granularities import GranularityKind
from backend.domain.presets import PRESETS
from backend.domain.recipe import Recipe
from backend.domain.reports import OperatingPoint, RunLayout
from backend.domain.retraining import Distillation
from backend.domain.series_names import differences

_FEWEST_SEEDS = 3
_BASELINES = ("random", "uniform")


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


@dataclass(frozen=True)
class Series:
    """The runs of one recipe, which differ in the seed alone."""

    label: str
    runs: tuple[ComparedRun, ...]
    is_baseline: bool

    @property
    def granularity(self) -> GranularityKind:
        """What one decision of this method removes."""
        return self.runs[0].recipe.prune.granularity.kind

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
    """Runs by recipe, in the order of their first one; labels tell them apart."""
    groups: dict[str, list[ComparedRun]] = {}
    for run in runs:
        groups.setdefault(run.recipe.model_copy(update={"seed": 0}).fingerprint(), []).append(run)
    labels = [label_of(group[0].recipe) for group in groups.values()]
    return tuple(
        Series(
            label=name,
            runs=tuple(group),
            is_baseline=(label in PRESETS and PRESETS[label].is_baseline) or _is_baseline(group[0].recipe),
        )
        for label, name, group in zip(labels, _names(labels, list(groups.values())), groups.values(), strict=True)
    )


def _names(labels: Sequence[str], groups: Sequence[Sequence[ComparedRun]]) -> list[str]:
    """Labels that are unlike each other: where methods are the same, with the settings that are not."""
    names = list(labels)
    for label in set(labels):
        places = [place for place, other in enumerate(labels) if other == label]
        if len(places) > 1:
            for place, what in zip(places, differences([groups[place][0].recipe for place in places]), strict=True):
                names[place] = f"{label} ({what})"
    return names


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
    return ", ".join(axes)


def caveats(runs: Sequence[ComparedRun]) -> tuple[str, ...]:
    """What a reader must know before trusting a comparison of these runs, one sentence each."""
    found = [sentence for value_of, sentence in _MUST_AGREE if len({repr(value_of(run)) for run in runs}) > 1]
    found += _on_zeros(runs)
    if not all(run.is_finished for run in runs):
        found.append("Some of these runs have not ended: their last points are still to come.")
    series = series_of(runs)
    seeds = min((len({run.recipe.seed for run in one.runs}) for one in series), default=0)
    if seeds < _FEWEST_SEEDS:
        found.append(
            f"Some methods have {'one seed' if seeds == 1 else f'{seeds} seeds'} only: run at least {_FEWEST_SEEDS} "
            "to see what is chance."
        )
    if not any(one.is_baseline for one in series):
        found.append("There is no baseline among them: add runs with the presets `random-channel` and `uniform`.")
    return tuple(found)


def _on_zeros(runs: Sequence[ComparedRun]) -> Iterator[str]:
    """What zeros are not, where any of these runs leaves some."""
    kinds = {run.recipe.prune.granularity.kind for run in runs}
    if "unstructured" not in kinds:
        return
    are_mixed = len(kinds) > 1
    begin = "Some of these runs remove channels, others set" if are_mixed else "These runs set"
    yield (
        f"{begin} single weights to zero: {'of those, ' if are_mixed else ''}MACs and parameters count what is not "
        "zero, shapes stay (but for dead channels), and zeros save no time until a sparse runtime is used."
    )


_MUST_AGREE: tuple[tuple[Callable[[ComparedRun], object], str], ...] = (
    (lambda run: run.model_id, "These runs prune different networks: they do not start from the same accuracy."),
    (lambda run: run.dataset_id, "These runs measure on different data."),
    (
        lambda run: (run.recipe.retrain, _retraining_teacher(run.recipe.distill), run.recipe.prune.points),
        "These runs are retrained differently (retrain, distill or the number of points): longer or better retraining "
        "alone can decide a comparison.",
    ),
    (lambda run: run.recipe.data, "These runs split, batch or scale the data differently."),
)


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


def _retraining_teacher(distill: Distillation | None) -> tuple[float, float] | None:
    """Temperature and weight of a teacher while retraining."""
    return (distill.temperature, distill.weight) if distill is not None and distill.teaches_retraining else None


def _makes_sparse(distill: Distillation | None) -> bool:
    return distill is not None and distill.teaches_sparsifying


def _is_baseline(recipe: Recipe) -> bool:
    return recipe.prune.criterion.kind in _BASELINES or recipe.prune.allocation.kind in _BASELINES
