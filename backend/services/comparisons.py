"""Comparing runs."""

from collections.abc import Sequence
from dataclasses import dataclass

from plotly.graph_objects import Figure

from backend.db.models import JobRow
from backend.domain.errors import InvalidValue
from backend.domain.jobs import JobState
from backend.domain.side_by_side import ComparedRun, Series, caveats, series_of
from backend.figures import SizeAxis
from backend.figures.side_by_side import Split, draw_side_by_side
from backend.services.scope import Scope


@dataclass(frozen=True)
class RunComparison:
    """Runs by method, what keeps the comparison from being fair, and the picture."""

    series: Sequence[Series]
    caveats: Sequence[str]
    figure: Figure


def compare(scope: Scope, run_ids: Sequence[str], x: SizeAxis, split: Split) -> RunComparison:
    """Compare pruning runs as far as they have come; raises `NotFound`, `InvalidValue` for a sample training."""
    runs = [_compared(scope, scope.work.jobs.get_run(run_id)) for run_id in dict.fromkeys(run_ids)]
    series = series_of(runs)
    return RunComparison(series, caveats(runs), draw_side_by_side(series, x, split))


def _compared(scope: Scope, row: JobRow) -> ComparedRun:
    if row.recipe is None:
        raise InvalidValue(f"`{row.name}` trained a sample network: there is nothing to compare.", field="run")
    if row.layout is None:
        raise InvalidValue(f"`{row.name}` has not begun yet.", field="run", hint="Compare it once it runs.")
    return ComparedRun(
        id=row.id,
        name=row.name,
        model_id=row.model_id,
        dataset_id=row.dataset_id,
        recipe=row.recipe,
        layout=row.layout,
        points=[point.to_domain() for point in scope.work.points.list_all(row.id)],
        is_finished=row.state is JobState.COMPLETED,
    )
