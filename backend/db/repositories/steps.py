"""Histories of runs."""

from collections import defaultdict
from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, and_, delete, func, insert, or_, select

from backend.db.models import StepRow
from backend.db.repositories.repository import Repository
from backend.domain.instability import MeasuredRemoval
from backend.domain.reports import Phase, RunLayout, StepRecord


class Steps(Repository):
    """The table `run_step`."""

    def add_all(self, job_id: str, records: Sequence[StepRecord], layout: RunLayout) -> None:
        """Append to a history; the caller has fenced the transaction first (`Leases.write`)."""
        if records:
            self._session.execute(insert(StepRow), [_to_columns(job_id, record, layout) for record in records])

    def count(self, job_id: str) -> int:
        """Number of steps; histories have no gap, so this is the last step's number too."""
        return self._session.scalar(select(func.count()).where(StepRow.job_id == job_id)) or 0

    def list_after(self, job_id: str, after: int = 0, limit: int = 1000) -> list[StepRecord]:
        """Up to `limit` steps that follow step `after`, in order."""
        return self._records(StepRow.job_id == job_id, StepRow.step > after, limit=limit)

    def list_sampled(self, job_id: str, maximum: int) -> list[StepRecord]:
        """At most `maximum` + 1 steps evenly spread over the run, the last one always among them."""
        count = self.count(job_id)
        stride = max(1, -(-count // maximum))
        return self._records(StepRow.job_id == job_id, or_(StepRow.step % stride == 0, StepRow.step == count))

    def list_removed(self, job_id: str, last: int) -> list[str]:
        """Labels of the channels that were removed up to step `last`, in order."""
        conditions = (StepRow.job_id == job_id, StepRow.step <= last)
        removed = StepRow.metrics["removed"]
        return [label for (labels,) in self._session.execute(select(removed).where(*conditions)) for label in labels]

    def count_by_run(self, job_ids: Collection[str], phase: Phase) -> dict[str, int]:
        """Number of steps of this phase by run; runs without any are left out."""
        conditions = (StepRow.job_id.in_(job_ids), StepRow.metrics["phase"].as_string() == phase.value)
        query = select(StepRow.job_id, func.count().label("steps")).where(*conditions).group_by(StepRow.job_id)
        return {row.job_id: row.steps for row in self._session.execute(query)}

    def list_removals(self, job_id: str) -> list[MeasuredRemoval]:
        """All removals of a run that were measured, in order."""
        before, after = (StepRow.metrics[name].as_float() for name in ("before_accuracy", "pruned_accuracy"))
        query = select(StepRow.step, before, after).where(
            StepRow.job_id == job_id, before.is_not(None), after.is_not(None)
        )
        return [
            MeasuredRemoval(step=step, before_accuracy=sooner, pruned_accuracy=later)
            for step, sooner, later in self._session.execute(query.order_by(StepRow.step))
        ]

    def list_gradient_variances(self, job_ids: Collection[str], maximum: int) -> dict[str, dict[int, float]]:
        """Variances of gates' gradients, all layers together, by run and place among its sparsifying steps, from 1.

        Of the longest run at most `maximum` steps, evenly spread, and of the others the same ones.
        """
        counts = self.count_by_run(job_ids, Phase.SPARSIFY)
        stride = max(1, -(-max(counts.values(), default=0) // maximum))
        is_sparsifying = StepRow.metrics["phase"].as_string() == Phase.SPARSIFY.value
        number = func.row_number().over(partition_by=StepRow.job_id, order_by=StepRow.step).label("number")
        places = select(StepRow.job_id, StepRow.step, number).where(StepRow.job_id.in_(counts), is_sparsifying)
        numbered = places.subquery()
        layers = StepRow.metrics["gate_gradient_variance"].label("layers")
        same = and_(StepRow.job_id == numbered.c.job_id, StepRow.step == numbered.c.step)
        query = select(StepRow.job_id, numbered.c.number, layers).join(numbered, same)
        found: dict[str, dict[int, float]] = defaultdict(dict)
        for row in self._session.execute(query.where(numbered.c.number % stride == 0).order_by(numbered.c.number)):
            if row.layers:
                found[row.job_id][row.number] = sum(value or 0.0 for value in row.layers)
        return found

    def trim(self, job_id: str, after: int) -> None:
        """Forget steps beyond `after`: they belong to a lost attempt."""
        query = delete(StepRow).where(StepRow.job_id == job_id, StepRow.step > after)
        self._session.execute(query.execution_options(synchronize_session=False))

    def _records(self, *conditions: ColumnElement[bool], limit: int | None = None) -> list[StepRecord]:
        columns = (StepRow.step, StepRow.metrics, StepRow.widths)
        query = select(*columns).where(*conditions).order_by(StepRow.step).limit(limit)
        return [
            StepRecord(step=step, widths=tuple(widths), **metrics)
            for step, metrics, widths in self._session.execute(query)
        ]


def _to_columns(job_id: str, record: StepRecord, layout: RunLayout) -> dict[str, object]:
    return {
        "job_id": job_id,
        "step": record.step,
        "metrics": record.model_dump(mode="json", exclude={"step", "widths"}),
        "widths": list(record.widths),
        "sparsities": list(record.sparsities(layout)),
    }
