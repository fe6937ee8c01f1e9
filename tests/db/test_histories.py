"""Histories of runs come back as they were written, in order, in parts, and in sums."""

from collections.abc import Callable

import pytest
from sqlalchemy import Engine, insert

from backend.db import UnitOfWork
from backend.db.models import JobRow, StepRow
from backend.domain.instability import measured_removals
from backend.domain.jobs import JobKind
from backend.domain.reports import Phase, StepRecord
from tests.db.values import LAYOUT, point, step

Open = Callable[[], UnitOfWork]


@pytest.fixture
def job_id(unit_of_work: Open) -> str:
    with unit_of_work() as work:
        return work.jobs.add(JobRow(kind=JobKind.PRUNE, name="a run")).id


def test_a_history_comes_back_in_order_and_in_parts(unit_of_work: Open, job_id: str) -> None:
    records = [step(number) for number in range(1, 31)]
    with unit_of_work() as work:
        work.steps.add_all(job_id, records[:10], LAYOUT)
        work.steps.add_all(job_id, records[10:], LAYOUT)
    with unit_of_work() as work:
        assert work.steps.list_after(job_id) == records
        assert work.steps.list_after(job_id, after=27) == records[27:]
        assert work.steps.list_after(job_id, limit=2) == records[:2]
        assert work.steps.count(job_id) == 30


def test_removals_are_read_where_they_were_measured(unit_of_work: Open, job_id: str) -> None:
    measured = {"before_accuracy": 0.9, "pruned_accuracy": 0.0}
    changes = ({}, measured, {"before_accuracy": 0.9}, {"before_accuracy": 0.5, "pruned_accuracy": 0.25})
    records = [step(number + 1).model_copy(update=change) for number, change in enumerate(changes)]
    with unit_of_work() as work:
        work.steps.add_all(job_id, records, LAYOUT)
    with unit_of_work() as work:
        assert work.steps.list_after(job_id) == records
        assert tuple(work.steps.list_removals(job_id)) == measured_removals(records)
        assert [removal.step for removal in work.steps.list_removals(job_id)] == [2, 4]
        assert work.steps.list_removals("0" * 26) == []


def test_a_sampled_history_is_short_and_keeps_the_last_step(unit_of_work: Open, job_id: str) -> None:
    with unit_of_work() as work:
        work.steps.add_all(job_id, [step(number) for number in range(1, 102)], LAYOUT)
    with unit_of_work() as work:
        numbers = [record.step for record in work.steps.list_sampled(job_id, 10)]
    assert numbers == [*range(11, 101, 11), 101]


def test_variances_of_gates_gradients_are_summed_over_layers_and_thinned_out(unit_of_work: Open, job_id: str) -> None:
    """Without steps of one mini-batch, and those of other phases."""
    told = {1: (0.5, None), 2: (0.25, 0.5), 3: (), 4: (0.0, 1.0), 5: (2.0, 2.0)}
    records = [
        step(number).model_copy(update={"phase": Phase.SPARSIFY, "gate_gradient_variance": values})
        for number, values in told.items()
    ]
    with unit_of_work() as work:
        other = work.jobs.add(JobRow(kind=JobKind.PRUNE, name="another")).id
        work.steps.add_all(job_id, [step(1), *(shifted(record) for record in records), step(7)], LAYOUT)
        work.steps.add_all(other, records[:2], LAYOUT)
    with unit_of_work() as work:
        find = work.steps.list_gradient_variances
        assert find([job_id], 5) == {job_id: {1: 0.5, 2: 0.75, 4: 1.0, 5: 4.0}}
        assert find([job_id, other], 3) == {job_id: {2: 0.75, 4: 1.0}, other: {2: 0.75}}
        assert find([other], 3) == {other: {1: 0.5, 2: 0.75}}
        assert find(["0" * 32], 3) == {}
        assert find([], 3) == {}


def shifted(record: StepRecord) -> StepRecord:
    """A step later in its run."""
    return record.model_copy(update={"step": record.step + 1})


def test_histories_from_before_gradients_were_recorded_have_none(
    engine: Engine, unit_of_work: Open, job_id: str
) -> None:
    metrics = step(1).model_copy(update={"phase": Phase.SPARSIFY}).model_dump(mode="json", exclude={"step", "widths"})
    del metrics["gate_gradient_variance"]
    with engine.begin() as connection:
        values = {"job_id": job_id, "step": 1, "metrics": metrics, "widths": [6, 4], "sparsities": [0.25, 0.0]}
        connection.execute(insert(StepRow), [values])
    with unit_of_work() as work:
        assert work.steps.list_gradient_variances([job_id], 3) == {}


def test_a_trimmed_history_ends_at_the_checkpoint(unit_of_work: Open, job_id: str) -> None:
    with unit_of_work() as work:
        work.steps.add_all(job_id, [step(number) for number in range(1, 6)], LAYOUT)
        work.points.put(job_id, point(1, at_step=3))
        work.points.put(job_id, point(2, at_step=5))
    with unit_of_work() as work:
        work.steps.trim(job_id, 3)
        work.points.trim(job_id, 3)
    with unit_of_work() as work:
        assert work.steps.count(job_id) == 3
        assert [row.index for row in work.points.list_all(job_id)] == [1]


def test_steps_are_counted_by_run_and_phase(unit_of_work: Open, job_id: str) -> None:
    with unit_of_work() as work:
        retraining = [step(number).model_copy(update={"phase": Phase.RETRAIN}) for number in (3, 4, 5)]
        work.steps.add_all(job_id, [step(1), step(2), *retraining], LAYOUT)
    with unit_of_work() as work:
        assert work.steps.count_by_run([job_id, "0" * 32], Phase.PRUNE) == {job_id: 2}
        assert work.steps.count_by_run([job_id], Phase.RETRAIN) == {job_id: 3}
        assert work.steps.count_by_run(["0" * 32], Phase.PRUNE) == {}
