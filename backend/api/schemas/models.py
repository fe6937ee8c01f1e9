"""Models: registering an upload, and what is known of a model."""

from datetime import datetime
from typing import Self

from pydantic import Field

from backend.api.schemas.common import Answer, Body, FailureAnswer, Id, Name, failure_of
from backend.db.models import ModelRow
from backend.db.models.model import ModelSource, ModelState
from backend.domain.import_report import ImportReport, import_report
from backend.domain.network import ArchitectureMatch, LayerShare, NetworkSummary

_STATES = (
    "`choosing`: several architectures fit, pick one of `matches`; `failed`: the file was kept and can be inspected "
    "again; `rejected`: it was refused."
)


class ModelBody(Body):
    """Make a model of a finished upload."""

    upload_id: Id
    name: Name | None = Field(None, description="By default the file's name.", examples=["LeNet-5, seed 0"])


class ModelEntry(Answer):
    """A model in a list: uploaded, or trained here as a sample."""

    id: Id
    name: str
    file_name: str
    source: ModelSource
    state: ModelState = Field(description=_STATES)
    file_size: int | None = Field(description="Bytes.")
    architecture: str | None = Field(description="Once the state is `ready`.")
    parameters: int | None
    macs: int | None = Field(description="Multiply-accumulate operations for one example.")
    created_at: datetime

    @classmethod
    def of(cls, row: ModelRow) -> Self:
        """The entry for a row."""
        summary = row.summary
        return cls(
            id=row.id,
            name=row.name,
            file_name=row.file_name,
            source=row.source,
            state=row.state,
            file_size=row.file_size,
            architecture=summary.architecture if summary else None,
            parameters=summary.parameters if summary else None,
            macs=summary.macs if summary else None,
            created_at=row.created_at,
        )


class ModelAnswer(Answer):
    """A model: uploaded, or trained here as a sample."""

    id: Id
    name: str
    file_name: str
    source: ModelSource
    state: ModelState = Field(description=_STATES)
    content_hash: str | None = Field(description="sha256 of the file.")
    file_size: int | None = Field(description="Bytes.")
    summary: NetworkSummary | None = Field(description="Layers and counts, once the state is `ready`.")
    report: ImportReport | None = Field(
        description="What can go, layer by layer, and what is locked by which operation; once the state is `ready`."
    )
    shares: list[LayerShare] = Field(description="Every layer's share of the counts, in the summary's order.")
    matches: list[ArchitectureMatch]
    error: FailureAnswer | None
    trained_on: Id | None = Field(description="Dataset of a sample network.")
    test_accuracy: float | None = Field(description="Test accuracy of a sample network, in [0, 1].")
    created_at: datetime

    @classmethod
    def of(cls, row: ModelRow) -> Self:
        """The answer for a row."""
        return cls(
            id=row.id,
            name=row.name,
            file_name=row.file_name,
            source=row.source,
            state=row.state,
            content_hash=row.content_hash,
            file_size=row.file_size,
            summary=row.summary,
            report=import_report(row.summary) if row.summary else None,
            shares=list(row.summary.shares()) if row.summary else [],
            matches=list(row.matches or ()),
            error=failure_of(row),
            trained_on=row.trained_on,
            test_accuracy=row.test_accuracy,
            created_at=row.created_at,
        )
