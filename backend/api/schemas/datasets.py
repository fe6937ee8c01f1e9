"""Datasets: registering an upload, and what is known of a dataset."""

from datetime import datetime
from typing import Self

from pydantic import Field

from backend.api.schemas.common import Answer, Body, FailureAnswer, Id, Name, failure_of
from backend.db.models import DatasetRow
from backend.db.models.dataset import DatasetState
from backend.domain.datasets import DatasetSource, DatasetSummary


class DatasetBody(Body):
    """Make a dataset of a finished upload."""

    upload_id: Id
    name: Name | None = Field(None, description="By default the file's name.", examples=["my-digits"])


class DatasetAnswer(Answer):
    """A labelled dataset: built in, or uploaded."""

    id: Id
    name: str
    title: str
    source: DatasetSource
    state: DatasetState = Field(description="`failed`: it can be prepared again; `rejected`: the file was refused.")
    file_name: str | None
    summary: DatasetSummary | None = Field(description="Counts, classes and shape, once the state is `ready`.")
    error: FailureAnswer | None
    created_at: datetime

    @classmethod
    def of(cls, row: DatasetRow) -> Self:
        """The answer for a row."""
        return cls(
            id=row.id,
            name=row.name,
            title=row.title,
            source=row.source,
            state=row.state,
            file_name=row.file_name,
            summary=row.summary,
            error=failure_of(row),
            created_at=row.created_at,
        )
