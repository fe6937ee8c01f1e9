"""The unit of work commits all or nothing, and messages leave only after the commit."""

from collections.abc import Callable

import pytest
from sqlalchemy.exc import IntegrityError

from backend.db import UnitOfWork
from backend.db.models import DatasetRow, JobRow
from backend.domain.jobs import JobKind

Open = Callable[[], UnitOfWork]


def _dataset(name: str) -> DatasetRow:
    return DatasetRow(name=name, title=name, source="builtin", state="preparing")


def test_messages_leave_after_the_commit_in_order(unit_of_work: Open) -> None:
    seen: list[object] = []
    with unit_of_work() as work:
        job = work.jobs.add(JobRow(kind=JobKind.PRUNE, name="a"))
        work.after_commit(lambda: seen.append(_is_there(unit_of_work, job.id)))
        work.after_commit(lambda: seen.append("second"))
        assert seen == []
    assert seen == [True, "second"]


def test_nothing_is_queued_when_the_block_raises(unit_of_work: Open) -> None:
    queued: list[str] = []
    rung: list[str] = []

    def queue_and_raise() -> None:
        with unit_of_work() as work:
            queued.append(work.jobs.add(JobRow(kind=JobKind.PRUNE, name="a")).id)
            work.after_commit(lambda: rung.append(queued[0]))
            raise RuntimeError("on purpose")

    with pytest.raises(RuntimeError, match="on purpose"):
        queue_and_raise()
    assert rung == []
    assert not _is_there(unit_of_work, queued[0])


def test_nothing_is_queued_when_the_commit_fails(unit_of_work: Open) -> None:
    queued: list[str] = []
    rung: list[str] = []
    with unit_of_work() as work:
        work.datasets.add(_dataset("digits"))

    def queue_and_collide() -> None:
        with unit_of_work() as work:
            queued.append(work.jobs.add(JobRow(kind=JobKind.PRUNE, name="a")).id)
            work.after_commit(lambda: rung.append(queued[0]))
            twin = work.datasets.add(_dataset("other"))
            twin.name = "digits"  # noticed by the database at the commit, when the change is sent

    with pytest.raises(IntegrityError):
        queue_and_collide()
    assert rung == []
    assert not _is_there(unit_of_work, queued[0])


def _is_there(unit_of_work: Open, job_id: str) -> bool:
    with unit_of_work() as work:
        return work.jobs.find(job_id) is not None
