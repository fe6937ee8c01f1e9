"""Trained networks."""

from collections.abc import Collection, Sequence
from typing import Literal

from sqlalchemy import delete, select

from backend.db.models import JobRow, ModelRow
from backend.db.repositories.repository import Repository
from backend.domain.errors import JobFailure, NotFound
from backend.domain.jobs import JobKind


class Models(Repository):
    """The table `model`."""

    def add(self, row: ModelRow) -> ModelRow:
        """Insert a model."""
        self._session.add(row)
        self._session.flush()
        return row

    def find(self, model_id: str) -> ModelRow | None:
        """A model, or None."""
        return self._session.get(ModelRow, model_id)

    def get(self, model_id: str) -> ModelRow:
        """A model; raises `NotFound`."""
        row = self.find(model_id)
        if row is None:
            raise NotFound("There is no such model.")
        return row

    def list_all(self) -> Sequence[ModelRow]:
        """All models, newest first."""
        return self._session.scalars(select(ModelRow).order_by(ModelRow.created_at.desc(), ModelRow.id)).all()

    def names(self, model_ids: Collection[str | None]) -> dict[str, str]:
        """Names by id, without loading the layers."""
        query = select(ModelRow.id, ModelRow.name).where(ModelRow.id.in_(model_ids))
        return {row.id: row.name for row in self._session.execute(query)}

    def fail(self, model_id: str, failure: JobFailure, *, state: Literal["failed", "rejected"]) -> None:
        """Mark a model as unusable, and say why."""
        row = self.get(model_id)
        row.state = state
        row.error_code, row.error_detail, row.error_hint = failure.code.value, failure.detail, failure.hint

    def delete(self, model_id: str) -> None:
        """Remove a model and its inspections; runs keep their results. Raises `NotFound`."""
        intakes = delete(JobRow).where(JobRow.model_id == model_id, JobRow.kind == JobKind.MODEL_INTAKE)
        self._session.execute(intakes.execution_options(synchronize_session=False))
        query = delete(ModelRow).where(ModelRow.id == model_id).returning(ModelRow.id)
        if not self._session.scalars(query.execution_options(synchronize_session=False)).all():
            raise NotFound("There is no such model.")
