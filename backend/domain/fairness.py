"""What keeps runs side by side from being compared fairly."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from backend.domain.comparison import Spread
from backend.domain.granularities import GranularityKind
from backend.domain.recipe import Recipe
from backend.domain.retraining import DenseTraining, Distillation
from backend.domain.side_by_side import ComparedRun, Series, label_of, series_of

_FEWEST_SEEDS = 3
_ALIKE_IN_SIZE = 1.5
"""Reached sizes of one target differ by less than this factor: the last removal overshoots, dead channels go on top."""
_ALIKE_IN_TRAINING = 1.25
"""Lengths of training that differ by no more than this factor decide little."""
_BASELINES: Mapping[GranularityKind, tuple[str, str, str]] = {
    "channel": ("remove channels", "`random-channel` and `uniform`", "crowley2018-scratch"),
    "unstructured": (
        "set single weights to zero",
        "`random-weights` and `uniform-magnitude-weights`",
        "liu2019-random-reinit",
    ),
}
"""By granularity: what it does, presets that choose blindly or by norms alone, and one that keeps no weights."""
_SPARSIFYING = ("epochs", "optimizer", "learning_rate_decay", "learning_rate_warm_up", "gradient_norm")
"""What of the section sparsify is training, not method."""


def caveats(runs: Sequence[ComparedRun]) -> tuple[str, ...]:
    """What a reader must know before trusting a comparison of these runs, one sentence each."""
    series = series_of(runs)
    found = list(_on_networks(series))
    found += [sentence for value_of, sentence in _MUST_AGREE if len({repr(value_of(run)) for run in runs}) > 1]
    found += _on_training(runs)
    found += _on_epochs(series)
    found += _on_sizes(series)
    found += _on_zeros(runs)
    if not all(run.is_finished for run in runs):
        found.append("Some of these runs have not ended: their last points are still to come.")
    seeds = min((len({run.recipe.seed for run in one.runs}) for one in series), default=0)
    if seeds < _FEWEST_SEEDS:
        found.append(
            f"Some methods have {'one seed' if seeds == 1 else f'{seeds} seeds'} only: run at least {_FEWEST_SEEDS} "
            "to see what is chance."
        )
    found += _on_baselines(series)
    return tuple(found)


def _on_networks(series: Sequence[Series]) -> Iterator[str]:
    """Networks that are not the same for all; one for each seed, the same for every method, is fair."""
    pairs = [{(run.recipe.seed, run.model_id) for run in one.runs} for one in series]
    models = set[tuple[int, str | None]]().union(*pairs)
    is_one = len({model for _, model in models}) <= 1
    is_by_seed = len({seed for seed, _ in models}) == len(models) and all(found == models for found in pairs)
    if not (is_one or is_by_seed):
        yield "These runs prune different networks: they do not start from the same accuracy."


def _on_training(runs: Sequence[ComparedRun]) -> Iterator[str]:
    """Runs of one method that train unlike each other before retraining; between methods that is their own."""
    labels = {run.id: label_of(run.recipe) for run in runs}
    for label in dict.fromkeys(labels.values()):
        sections = [run.recipe.sparsify for run in runs if labels[run.id] == label]
        unlike = [
            f"sparsify.{name}"
            for name in _SPARSIFYING
            if len({repr(getattr(section, name)) for section in sections if section is not None}) > 1
        ]
        if len({repr(run.recipe.prune.optimizer) for run in runs if labels[run.id] == label}) > 1:
            unlike.append("prune.optimizer")
        if unlike:
            yield (
                f"Runs of `{label}` train differently before they are retrained ({', '.join(unlike)}): longer or "
                "better training alone can decide a comparison."
            )


def _on_epochs(series: Sequence[Series]) -> Iterator[str]:
    """Methods that train for unlike lengths, by their own nature or not: accuracy can come from that alone."""
    lengths = [(spread.mean, one.label) for one in series if (spread := one.epochs) is not None]
    (least, short), (most, long) = min(lengths, default=(0, "")), max(lengths, default=(0, ""))
    if most > _ALIKE_IN_TRAINING * least:
        yield (
            f"These methods train for unlike lengths after the dense network (sparsifying, between removals and "
            f"retraining): from {_count(least)} epochs (`{short}`) to {_count(most)} (`{long}`)."
        )


def _on_sizes(series: Sequence[Series]) -> Iterator[str]:
    """Last points that have neither MACs nor parameters in common, though the table puts them side by side."""
    parameters = _means(one.parameters_density for one in series)
    macs = _means(one.macs_density for one in series)
    if all(sizes and max(sizes) > _ALIKE_IN_SIZE * min(sizes) for sizes in (parameters, macs)):
        yield (
            f"The last points are of unlike size: they keep {_range(parameters)} of the parameters and {_range(macs)} "
            "of the MACs. Compare methods along the curve, at the same size, not by their last points in the table."
        )


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


def _on_baselines(series: Sequence[Series]) -> Iterator[str]:
    """For channels and for single weights: what any choice, and any weights that are kept, must beat."""
    for kind, (removal, presets, fresh) in _BASELINES.items():
        of_kind = [one for one in series if one.granularity == kind]
        if of_kind and not any(one.is_baseline for one in of_kind):
            among = "them" if len(of_kind) == len(series) else f"those that {removal}"
            yield (
                f"There is no baseline among {among}: add runs with the presets {presets}, and with `{fresh}` for what "
                "the architecture is worth when it is trained from fresh weights."
            )


def _means(spreads: Iterator[Spread | None]) -> list[float]:
    return [spread.mean for spread in spreads if spread is not None]


def _range(densities: Sequence[float]) -> str:
    return f"{min(densities):.1%} to {max(densities):.1%}"


def _count(epochs: float) -> str:
    return f"{epochs:,.0f}" if epochs >= 10 else f"{epochs:.2g}"


def _retraining_teacher(distill: Distillation | None) -> tuple[float, float] | None:
    """Temperature and weight of a teacher while retraining."""
    return (distill.temperature, distill.weight) if distill is not None and distill.teaches_retraining else None


def _own_dense(recipe: Recipe) -> DenseTraining | None:
    """The training of a dense network of the run's own, whatever is kept of it."""
    return None if recipe.dense is None else recipe.dense.model_copy(update={"keep_step": 0})


_MUST_AGREE: tuple[tuple[Callable[[ComparedRun], object], str], ...] = (
    (
        lambda run: _own_dense(run.recipe),
        "Some of these runs train a dense network of their own (section `dense`), others prune the uploaded one, or "
        "train theirs differently: they do not start from the same accuracy.",
    ),
    (lambda run: run.dataset_id, "These runs measure on different data."),
    (
        lambda run: (run.recipe.retrain, _retraining_teacher(run.recipe.distill), run.recipe.prune.points),
        "These runs are retrained differently (retrain, distill or the number of points): longer or better retraining "
        "alone can decide a comparison.",
    ),
    (lambda run: run.recipe.data, "These runs split, batch or scale the data differently."),
)
