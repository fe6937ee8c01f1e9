"""Comparing runs."""

from collections.abc import Sequence
from dataclasses import dataclass

from plotly.graph_objects import Figure

from backend.db.models import DatasetRow, JobRow
from backend.domain.agreement import Agreement, agreements, parse_removed, removing_channels, tell_left_out
from backend.domain.epochs import epoch_length
from backend.domain.errors import InvalidValue
from backend.domain.fairness import caveats
from backend.domain.jobs import JobState
from backend.domain.recipe import Recipe
from backend.domain.regularizers import L0HardConcreteRegularizer
from backend.domain.reports import Phase
from backend.domain.side_by_side import ComparedRun, Series, series_of
from backend.figures import SizeAxis
from backend.figures.agreement import draw_agreement
from backend.figures.gate_gradients import draw_series_gradients
from backend.figures.side_by_side import Split, draw_side_by_side
from backend.figures.steps import MOST_STEPS
from backend.services.scope import Scope


@dataclass(frozen=True)
class RunComparison:
    """Runs by method, what keeps the comparison from being fair, and the picture."""

    series: Sequence[Series]
    caveats: Sequence[str]
    figure: Figure
    agreement: Figure
    """Which methods remove the same channels; empty where no two runs prune the same network's channels."""
    agreement_notice: str | None
    """Which methods that picture leaves out, and why; None without a picture, or where all are in it."""
    gate_gradients: Figure
    """How noisy the gradients of gates are; empty where no run estimates any."""


def compare(scope: Scope, run_ids: Sequence[str], x: SizeAxis, split: Split) -> RunComparison:
    """Compare pruning runs as far as they have come; raises `NotFound`, `InvalidValue` for a sample training."""
    removals = scope.work.steps.count_by_run(run_ids, Phase.PRUNE)
    rows = [scope.work.jobs.get_run(run_id) for run_id in dict.fromkeys(run_ids)]
    runs = [_compared(scope, row, removals.get(row.id, 0)) for row in rows]
    series = series_of(runs)
    found = _agreements(scope, removing_channels(series))
    return RunComparison(
        series=series,
        caveats=caveats(runs),
        figure=draw_side_by_side(series, x, split),
        agreement=draw_agreement(found),
        agreement_notice=tell_left_out(series) if found else None,
        gate_gradients=draw_series_gradients(series, _gradient_variances(scope, runs)),
    )


def _gradient_variances(scope: Scope, runs: Sequence[ComparedRun]) -> dict[str, dict[int, float]]:
    """By run and mini-batch of its sparsifying, of the runs whose gates' gradients are estimated."""
    lengths = {
        run.id: run.recipe.sparsify.steps_per_record
        for run in runs
        if run.recipe.sparsify is not None and isinstance(run.recipe.sparsify.regularizer, L0HardConcreteRegularizer)
    }
    found = scope.work.steps.list_gradient_variances(lengths, MOST_STEPS)
    return {run: {number * lengths[run]: value for number, value in values.items()} for run, values in found.items()}


def _agreements(scope: Scope, series: Sequence[Series]) -> Sequence[Agreement]:
    """Agreement of runs that remove channels, where it is those of one and the same network."""
    runs = [run for one in series for run in one.runs]
    models = {run.model_id for run in runs}
    model = scope.work.models.find(next(iter(models)) or "") if len(models) == 1 else None
    if model is None or model.summary is None:
        return ()
    removed = {run.id: parse_removed(_removed(scope, run)) for run in runs}
    return agreements(series, removed, {group.name: group.width for group in model.summary.groups})


def _removed(scope: Scope, run: ComparedRun) -> list[str]:
    """Channels that the run's last network lacks, dead ones included."""
    if not run.points:
        return []
    last = run.points[-1]
    return [*scope.work.steps.list_removed(run.id, last.step), *last.dead_channels]


def _compared(scope: Scope, row: JobRow, removals: int) -> ComparedRun:
    if row.recipe is None:
        raise InvalidValue(f"`{row.name}` trained a sample network: there is nothing to compare.", field="run")
    if row.layout is None:
        raise InvalidValue(f"`{row.name}` has not begun yet.", field="run", hint="Compare it once it runs.")
    dataset = None if row.dataset_id is None else scope.work.datasets.find(row.dataset_id)
    return ComparedRun(
        id=row.id,
        name=row.name,
        model_id=row.model_id,
        dataset_id=row.dataset_id,
        recipe=row.recipe,
        layout=row.layout,
        points=[point.to_domain() for point in scope.work.points.list_all(row.id)],
        is_finished=row.state is JobState.COMPLETED,
        epoch_steps=_epoch_steps(dataset, row.recipe),
        removal_steps=removals * row.recipe.prune.schedule.training_steps,
        dataset=None if dataset is None else dataset.title,
    )


def _epoch_steps(dataset: DatasetRow | None, recipe: Recipe) -> int | None:
    """Mini-batches in a pass over the training data; None where the dataset is gone."""
    if dataset is None or dataset.summary is None:
        return None
    return epoch_length(dataset.summary.train_count, recipe.data)
