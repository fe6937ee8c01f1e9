"""Runs: jobs that a user orders and watches."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from backend.db.base import NAME_LENGTH
from backend.db.models import DatasetRow, JobRow, ModelRow
from backend.domain.errors import Conflict, Refusal
from backend.domain.jobs import JobKind, JobState
from backend.domain.network import NetworkSummary
from backend.domain.recipe import Recipe
from backend.domain.reports import OperatingPoint
from backend.domain.sampling import SampleOrder
from backend.domain.side_by_side import label_of
from backend.services.catalogue import (
    require_fit,
    require_known_pins,
    require_layers,
    require_one_input,
    require_reachable,
    require_readable,
    require_regularizable,
    require_rewindable,
    require_times_of_layers,
)
from backend.services.downloads import Download, file_stem
from backend.services.scope import Scope


@dataclass(frozen=True)
class RunEntry:
    """A run with what the lists show beside it."""

    row: JobRow
    model_name: str | None
    dataset_title: str | None
    last_point: OperatingPoint | None
    seconds_left: float | None


@dataclass(frozen=True)
class RunList:
    """Some runs, and how many there are in all."""

    entries: Sequence[RunEntry]
    total: int


def list_runs(scope: Scope, limit: int, offset: int, state: JobState | None) -> RunList:
    """A page of runs, newest first."""
    rows = scope.work.jobs.list_runs(limit, offset, state)
    return RunList(_entries(scope, rows), scope.work.jobs.count_runs(state))


def get_run(scope: Scope, run_id: str) -> RunEntry:
    """One run; raises `NotFound`."""
    return _entries(scope, [scope.work.jobs.get_run(run_id)])[0]


def order_pruning(scope: Scope, model_id: str, dataset_id: str, recipe: Recipe, name: str | None) -> RunEntry:
    """Queue a pruning run.

    Raises `NotFound`, `Conflict` when model or dataset are not ready, `DataMismatch` when they do not belong
    together, `InvalidValue` for a pin that names no layer or a criterion that cannot score the network,
    `TargetUnreachable` when the recipe asks for too much.
    """
    model, summary = _ready_model(scope, model_id)
    dataset = _ready_dataset(scope, dataset_id)
    if dataset.summary is not None:
        require_fit(summary, dataset.summary)
    try:
        require_known_pins(recipe, summary)
        require_layers(recipe, summary)
        require_readable(recipe, summary)
        require_regularizable(recipe, summary)
        require_times_of_layers(recipe, summary)
        if dataset.summary is not None:
            require_rewindable(recipe, dataset.summary)
        require_reachable(recipe, summary)
    except Refusal as refusal:
        refusal.field = f"recipe.{refusal.field}"
        raise
    row = JobRow(
        kind=JobKind.PRUNE,
        name=name or _join(model.name, f", {label_of(recipe)}"),
        model_id=model.id,
        dataset_id=dataset.id,
        recipe=recipe,
        recipe_fingerprint=recipe.fingerprint(),
    )
    return _queue(scope, row)


def order_sample(scope: Scope, dataset_id: str, order: SampleOrder, name: str | None) -> RunEntry:
    """Queue the training of a reference network.

    Raises `NotFound`, `Conflict` when the dataset is not ready, `DataMismatch` when it holds several inputs.
    """
    dataset = _ready_dataset(scope, dataset_id)
    if dataset.summary is not None:
        require_one_input(dataset.summary)
    title = name or _join(f"{order.architecture} on ", dataset.title)
    return _queue(scope, JobRow(kind=JobKind.SAMPLE, name=title, dataset_id=dataset.id, sample_order=order))


def cancel_run(scope: Scope, run_id: str) -> RunEntry:
    """Cancel a run: at once while it waits, else at its next step. Raises `NotFound`, `Conflict` once it has ended."""
    row = scope.work.jobs.get_run(run_id)
    state = scope.work.jobs.request_cancel(run_id)
    scope.work.refresh(row)
    scope.announce("run", run_id, state)
    return get_run(scope, run_id)


def open_checkpoint(scope: Scope, run_id: str) -> Download:
    """The last good checkpoint of a run that diverged; raises `NotFound`, `Conflict` while the run goes on."""
    run = scope.work.jobs.get_run(run_id)
    if not run.state.is_final:
        raise Conflict(
            "This run goes on, and so does its checkpoint.", hint="Download its operating points, or cancel it first."
        )
    name = f"{file_stem(run.name)}-checkpoint.safetensors"
    return Download(name, "application/octet-stream", scope.outside.store.stream_checkpoint(run_id))


def delete_run(scope: Scope, run_id: str) -> None:
    """Forget a run that has ended, with its history and files. Raises `NotFound`, `Conflict` while it is alive."""
    scope.work.jobs.get_run(run_id)
    hashes = scope.work.artifacts.hashes_of_run(run_id)
    scope.work.deliveries.delete_of_run(run_id)
    scope.work.jobs.delete(run_id)
    scope.work.artifacts.drop(hashes)
    scope.work.after_commit(lambda: scope.outside.store.delete_checkpoint(run_id))
    scope.announce("run", run_id, "deleted")


def _join(first: str, rest: str) -> str:
    """A name of two parts, of which the longer one gives where both are too long together."""
    excess = max(0, len(first) + len(rest) - NAME_LENGTH)
    return f"{first[: len(first) - excess]}{rest}" if len(first) > len(rest) else f"{first}{rest[: len(rest) - excess]}"


def _ready_model(scope: Scope, model_id: str) -> tuple[ModelRow, NetworkSummary]:
    row = scope.work.models.get(model_id)
    if row.state != "ready" or row.summary is None:
        raise Conflict(f"The model `{row.name}` cannot be pruned: it is {row.state}.", field="model_id")
    return row, row.summary


def _ready_dataset(scope: Scope, dataset_id: str) -> DatasetRow:
    row = scope.work.datasets.get(dataset_id)
    if row.state != "ready":
        raise Conflict(f"The dataset `{row.title}` cannot be used: it is {row.state}.", field="dataset_id")
    return row


def _queue(scope: Scope, row: JobRow) -> RunEntry:
    row.name = row.name[:200]
    job = scope.queue(row)
    scope.announce("run", job.id, job.state)
    return get_run(scope, job.id)


def _entries(scope: Scope, rows: Sequence[JobRow]) -> list[RunEntry]:
    work = scope.work
    models = work.models.names({row.model_id for row in rows})
    datasets = work.datasets.titles({row.dataset_id for row in rows})
    points = work.points.last_of({row.id for row in rows})
    now = datetime.now(UTC)
    return [
        RunEntry(
            row=row,
            model_name=models.get(row.model_id or ""),
            dataset_title=datasets.get(row.dataset_id or ""),
            last_point=points.get(row.id),
            seconds_left=_seconds_left(row, now),
        )
        for row in rows
    ]


def _seconds_left(row: JobRow, now: datetime) -> float | None:
    """What the worker estimates, else what is left at the pace so far."""
    if row.state is not JobState.RUNNING:
        return None
    if row.seconds_left is not None or row.started_at is None or row.progress <= 0:
        return row.seconds_left
    elapsed = max(0.0, (now - row.started_at).total_seconds())
    return elapsed * (1 - row.progress) / row.progress
