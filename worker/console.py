"""Following a run in the terminal: a progress bar, and what came of the run."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from backend.domain.errors import FailureCode, JobFailure
from backend.domain.events import RunStarted, StepFinished
from backend.domain.instability import RemovalSummary, measured_removals, summaries_by_point
from backend.domain.reports import OperatingPoint, Phase, RunLayout, RunReport, StepRecord
from worker.engine.checkpoint import Checkpoint
from worker.engine.results import FinishedPoint

_PHASES = {
    Phase.TRAIN: "Training",
    Phase.SPARSIFY: "Sparsifying",
    Phase.PRUNE: "Pruning",
    Phase.RETRAIN: "Retraining",
}


@dataclass(frozen=True)
class Followed:
    """A run that has ended: its report and its networks."""

    report: RunReport
    points: tuple[FinishedPoint, ...]
    failure: JobFailure | None = None
    """Why it ended early: training diverged."""
    checkpoint: Checkpoint | None = None
    """The last one of a run that ended early."""


@dataclass
class _Seen:
    """What a run gave so far."""

    layout: RunLayout | None = None
    records: list[StepRecord] = field(default_factory=list)
    points: list[FinishedPoint] = field(default_factory=list)
    checkpoint: Checkpoint | None = None

    def removals(self) -> RemovalSummary | None:
        """Of those since the point before the last one, where they were measured."""
        points = [item.point for item in self.points[-2:]]
        return summaries_by_point(points, measured_removals(self.records)).get(points[-1].index)

    def followed(self, failure: JobFailure | None) -> Followed:
        """As a run that has ended."""
        if self.layout is None:
            raise RuntimeError("a run begins with its layout")
        report = RunReport(
            layout=self.layout,
            steps=tuple(self.records),
            points=tuple(item.point for item in self.points),
            scores=tuple(item.scores for item in self.points if item.scores is not None),
        )
        return Followed(report, tuple(self.points), failure, None if failure is None else self.checkpoint)


def follow(outputs: Iterable[RunStarted | StepFinished | Checkpoint | FinishedPoint], console: Console) -> Followed:
    """Show progress until the run ends; operating points become lines above the bar.

    A run that diverges has ended too, with what it gave before and the failure; any other JobFailure is raised.
    """
    seen = _Seen()
    try:
        _show(outputs, console, seen)
    except JobFailure as failure:
        if failure.code is not FailureCode.DIVERGED:
            raise
        return seen.followed(failure)
    return seen.followed(None)


def _show(
    outputs: Iterable[RunStarted | StepFinished | Checkpoint | FinishedPoint], console: Console, seen: _Seen
) -> None:
    with _progress_bar(console) as progress:
        task = progress.add_task("Measuring the network", total=1.0, detail="")
        for output in outputs:
            match output:
                case RunStarted():
                    seen.layout = output.layout
                case StepFinished():
                    seen.records.append(output.record)
                    progress.update(
                        task,
                        completed=output.record.progress,
                        description=_PHASES[output.record.phase],
                        detail=_detail(output.record),
                    )
                case FinishedPoint():
                    seen.points.append(output)
                    progress.console.print(_line(output.point, seen.removals()))
                    if output.point.collapse_notice is not None:
                        progress.console.print(output.point.collapse_notice, style="yellow")
                case Checkpoint():
                    seen.checkpoint = output


def _progress_bar(console: Console) -> Progress:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[detail]}"),
    )
    return Progress(*columns, console=console)


def _detail(record: StepRecord) -> str:
    loss = "" if record.loss is None else f"loss {record.loss:.3f}  "
    return f"{loss}{record.macs:,} MACs"


def _line(point: OperatingPoint, removals: RemovalSummary | None) -> str:
    widths = "" if point.notice is not None else f", widths {'-'.join(str(width) for width in point.widths)}"
    bits = None if point.weight_bits is None else point.weight_bits.notice
    measured = (
        f"Point {point.index}: {point.size_in_words}{widths}; validation accuracy {point.dense_accuracy:.2%} dense, "
        f"{point.pruned_accuracy:.2%} pruned, {point.retrained_accuracy:.2%} retrained; test {point.test_accuracy:.2%}."
    )
    lost = None if removals is None else removals.notice(point)
    return " ".join(part for part in (measured, lost, point.notice, point.dead_notice, bits) if part is not None)
