"""Datasets."""

from collections.abc import Collection, Sequence
from typing import Literal

from sqlalchemy import delete, select

from backend.db.models import DatasetRow, JobRow
from backend.db.repositories.repository import Repository
from backend.domain.errors import JobFailure, NotFound
from backend.domain.jobs import JobKind


class Datasets(Repository):
    """The table `dataset`."""

    def add(self, row: DatasetRow) -> DatasetRow:
        """Insert a dataset."""
        self._session.add(row)
        self._session.flush()
        return row

    def find(self, dataset_id: str) -> DatasetRow | None:
        """A dataset, or None."""
        return self._session.get(DatasetRow, dataset_id)

    def find_by_name(self, name: str) -> DatasetRow | None:
        """A dataset by its unique name (built-ins: `digits`, `fashion-mnist`, `mnist`), or None."""
        return self._session.scalars(select(DatasetRow).where(DatasetRow.name == name)).one_or_none()

    def get(self, dataset_id: str) -> DatasetRow:
        """A dataset; raises `NotFound`."""
        row = self.find(dataset_id)
        if row is None:
            raise NotFound("There is no such dataset.")
        return row

    def list_all(self) -> Sequence[DatasetRow]:
        """All datasets, oldest first (so the built-in ones lead)."""
        return self._session.scalars(select(DatasetRow).order_by(DatasetRow.created_at, DatasetRow.name)).all()

    def titles(self, dataset_ids: Collection[str | None]) -> dict[str, str]:
        """Titles by id."""
        query = select(DatasetRow.id, DatasetRow.title).where(DatasetRow.id.in_(dataset_ids))
        return {row.id: row.title for row in self._session.execute(query)}

    def fail(self, dataset_id: str, failure: JobFailure, *, state: Literal["failed", "rejected"]) -> None:
        """Mark a dataset as unusable, and say why."""
        row = self.get(dataset_id)
        row.state = state
        row.error_code, row.error_detail, row.error_hint = failure.code.value, failure.detail, failure.hint

    def delete(self, dataset_id: str) -> None:
        """Remove a dataset and its preparations; runs keep their results. Raises `NotFound`."""
        intakes = delete(JobRow).where(JobRow.dataset_id == dataset_id, JobRow.kind == JobKind.DATASET_INTAKE)
        self._session.execute(intakes.execution_options(synchronize_session=False))
        query = delete(DatasetRow).where(DatasetRow.id == dataset_id).returning(DatasetRow.id)
        if not self._session.scalars(query.execution_options(synchronize_session=False)).all():
            raise NotFound("There is no such dataset.")
