"""What a run leaves behind: steps, operating points with their files, and figures of both."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from plotly.graph_objects import Figure

from backend.db.models import ArtifactRow, JobRow, PointRow
from backend.db.repositories.deliveries import Delivery
from backend.domain.class_changes import ClassChange, worst_changes
from backend.domain.delivery import FILE_NAMES, DeliveryOrder, Format
from backend.domain.errors import Conflict, NotFound
from backend.domain.first_layers import FirstLayer
from backend.domain.instability import MeasuredRemoval, RemovalSummary, summaries_by_point
from backend.domain.network import NetworkSummary
from backend.domain.reports import OperatingPoint, RunLayout, RunReport, StepRecord
from backend.domain.scores import ScoreDistribution
from backend.figures import FIGURES, RunView, SizeAxis
from backend.services.deliveries import (
    FileEntry,
    FormatEntry,
    LatencyEntry,
    describe_files,
    describe_formats,
    describe_latency,
)
from backend.services.downloads import Download, file_stem
from backend.services.scope import Scope
from backend.storage.archive import stream_zip

FIGURE_STEPS = 600
"""A chart needs no more steps than it has pixels."""


@dataclass(frozen=True)
class PointEntry:
    """An operating point, its files and formats, and its measured latency."""

    point: OperatingPoint
    files: Sequence[FileEntry]
    formats: Sequence[FormatEntry]
    latency: LatencyEntry
    worst_classes: Sequence[ClassChange]
    removals: RemovalSummary | None
    """Of the removals since the point before, where they were measured."""


@dataclass(frozen=True)
class _Surroundings:
    """What a point of a run is told by, beside itself."""

    dense: OperatingPoint | None
    deliveries: Mapping[DeliveryOrder, Delivery]
    removals: Mapping[int, RemovalSummary]
    """By index of the point."""


@dataclass(frozen=True)
class PointList:
    """The operating points of a run; the layout is None while there are none."""

    layout: RunLayout | None
    entries: Sequence[PointEntry]


@dataclass(frozen=True)
class StepList:
    """Some steps of a run, and how many there are in all."""

    records: Sequence[StepRecord]
    total: int


@dataclass(frozen=True)
class FigureOrder:
    """Which figure of a run, and what of it."""

    name: str
    x: SizeAxis = "sparsity"
    step: int | None = None
    point: int | None = None
    layer: str | None = None


def list_steps(scope: Scope, run_id: str, after: int, limit: int) -> StepList:
    """Steps that follow step `after`, in order; raises `NotFound`."""
    scope.work.jobs.get_run(run_id)
    return StepList(scope.work.steps.list_after(run_id, after, limit), scope.work.steps.count(run_id))


def sample_steps(scope: Scope, run_id: str, maximum: int) -> StepList:
    """About `maximum` steps evenly spread over the run, the last among them; raises `NotFound`."""
    scope.work.jobs.get_run(run_id)
    return StepList(scope.work.steps.list_sampled(run_id, maximum), scope.work.steps.count(run_id))


def list_points(scope: Scope, run_id: str) -> PointList:
    """All operating points so far; raises `NotFound`."""
    row = scope.work.jobs.get_run(run_id)
    rows = scope.work.points.list_all(run_id)
    surroundings = _surroundings(scope, row, rows)
    return PointList(row.layout, [_entry(point, surroundings) for point in rows])


def get_point(scope: Scope, run_id: str, index: int) -> tuple[PointEntry, RunLayout]:
    """One operating point, and the layers its numbers belong to; raises `NotFound`."""
    row = scope.work.jobs.get_run(run_id)
    point = scope.work.points.get(run_id, index)
    if row.layout is None:
        raise NotFound("This run has not begun.")
    return _entry(point, _surroundings(scope, row, scope.work.points.list_all(run_id))), row.layout


def list_first_layers(scope: Scope, run_id: str, index: int) -> Sequence[FirstLayer]:
    """Pictures of the layers that read the inputs of an operating point; raises `NotFound`."""
    scope.work.jobs.get_run(run_id)
    return scope.work.points.first_layers(run_id, index)


def get_scores(scope: Scope, run_id: str, index: int) -> ScoreDistribution:
    """How the scores lay before an operating point; raises `NotFound`, also where that was not recorded."""
    scope.work.jobs.get_run(run_id)
    scope.work.points.get(run_id, index)
    scores = scope.work.points.find_scores(run_id, index)
    if scores is None:
        raise NotFound(f"No scores were recorded for operating point {index}: no removal led there, or it is too old.")
    return scores


def open_file(scope: Scope, run_id: str, index: int, name: str) -> Download:
    """One file of an operating point; raises `NotFound`."""
    scope.work.jobs.get_run(run_id)
    row = scope.work.artifacts.get(run_id, index, name)
    return Download(row.name, row.media_type, scope.outside.store.stream(row.sha256), row.size)


def open_bundle(scope: Scope, run_id: str, index: int, formats: Collection[Format]) -> Download:
    """An operating point in some formats as one zip, with recipe and manifest.

    Raises `NotFound`, `Conflict` for a format that was not made yet.
    """
    run = scope.work.jobs.get_run(run_id)
    files = scope.work.artifacts.list_of_point(run_id, index)
    if not files:
        raise NotFound(f"This run has no operating point {index} with files.")
    absent = [wanted for wanted in formats if FILE_NAMES[wanted] not in {file.name for file in files}]
    if absent:
        raise Conflict(
            f"There is no {FILE_NAMES[absent[0]]} of this operating point yet.",
            field="formats",
            hint=f"POST to /api/runs/{run_id}/points/{index}/formats/{absent[0]} to have it made.",
        )
    files = [file for file in files if _belongs(file.name, formats)]
    name = f"{file_stem(run.name)}-point-{index}.zip"
    return Download(name, "application/zip", stream_zip(_contents(scope, files)))


def draw_figure(scope: Scope, run_id: str, order: FigureOrder) -> Figure:
    """A figure of a run as far as it has come (empty before its start); raises `NotFound`."""
    run = scope.work.jobs.get_run(run_id)
    if order.name not in FIGURES:
        raise NotFound(f"There is no figure `{order.name}`; there are {', '.join(sorted(FIGURES))}.")
    if run.layout is None:
        return Figure()
    report = RunReport(
        layout=run.layout,
        steps=tuple(_figure_steps(scope, run_id, order)),
        points=tuple(row.to_domain() for row in scope.work.points.list_all(run_id)),
        scores=tuple(_figure_scores(scope, run_id, order)),
    )
    view = RunView(
        report=report,
        network=_network(scope, run),
        x=order.x,
        step=order.step,
        layer=order.layer,
        removals=tuple(_removals(scope, run)) if order.name == "instability" else (),
    )
    return FIGURES[order.name](view)


def _figure_steps(scope: Scope, run_id: str, order: FigureOrder) -> Sequence[StepRecord]:
    """The steps that a figure shows; the architecture shows one."""
    steps = scope.work.steps
    if order.name in ("accuracy", "scores", "instability", "calibration"):
        return ()
    if order.name != "architecture":
        return steps.list_sampled(run_id, FIGURE_STEPS)
    count = steps.count(run_id)
    wanted = count if order.step is None else min(order.step, count)
    return steps.list_after(run_id, wanted - 1, 1) if wanted else ()


def _figure_scores(scope: Scope, run_id: str, order: FigureOrder) -> Iterator[ScoreDistribution]:
    """The scores that a figure shows: of one point, or of the last one that tells."""
    scores = scope.work.points.find_scores(run_id, order.point) if order.name == "scores" else None
    if scores is not None:
        yield scores


def _network(scope: Scope, run: JobRow) -> NetworkSummary | None:
    model = scope.work.models.find(run.model_id or run.result_model_id or "")
    return model.summary if model else None


def _contents(scope: Scope, files: Sequence[ArtifactRow]) -> Iterator[tuple[str, Iterator[bytes]]]:
    for file in files:
        yield file.name, scope.outside.store.stream(file.sha256)


def _belongs(name: str, formats: Collection[Format]) -> bool:
    """Whether a file goes into a zip of these formats: the source goes with the safetensors, all else is shared."""
    owners = {file: wanted for wanted, file in FILE_NAMES.items()} | {"model.py": Format.SAFETENSORS}
    return name not in owners or owners[name] in formats


def _surroundings(scope: Scope, run: JobRow, rows: Sequence[PointRow]) -> _Surroundings:
    points = [row.to_domain() for row in rows]
    return _Surroundings(
        dense=next((point for point in points if point.index == 0), None),
        deliveries=scope.work.deliveries.newest_of_run(run.id),
        removals=summaries_by_point(points, _removals(scope, run)),
    )


def _removals(scope: Scope, run: JobRow) -> Sequence[MeasuredRemoval]:
    """Removals that were measured; histories are read for it only where the recipe measures them."""
    is_measured = run.recipe is not None and run.recipe.prune.measure_removals
    return scope.work.steps.list_removals(run.id) if is_measured else ()


def _entry(row: PointRow, around: _Surroundings) -> PointEntry:
    point = row.to_domain()
    return PointEntry(
        point=point,
        files=describe_files(row),
        formats=describe_formats(row, around.deliveries),
        latency=describe_latency(row, around.deliveries),
        worst_classes=worst_changes(around.dense, point),
        removals=around.removals.get(point.index),
    )
