"""Datasets: built-in ones and uploads."""

from datetime import datetime
from typing import Literal

from sqlalchemy import BigInteger, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import HASH_LENGTH, ID_LENGTH, NAME_LENGTH, Base, Instant, JsonOf, database_time, new_id
from backend.db.models.failure import FailureColumns
from backend.domain.datasets import DatasetSource, DatasetSummary

DatasetState = Literal["preparing", "ready", "failed", "rejected"]
"""`failed`: the machine could not prepare it, and an uploaded file is kept; `rejected`: the file was refused."""


class DatasetRow(FailureColumns, Base):
    """One labelled dataset. Its bytes are blobs in the artifact store, named here by sha256."""

    __tablename__ = "dataset"
    __table_args__ = (Index(None, "created_at"),)

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(NAME_LENGTH), unique=True)
    """A built-in's name (`digits`), or a name for an upload; unique."""
    title: Mapped[str] = mapped_column(String(NAME_LENGTH))
    source: Mapped[DatasetSource] = mapped_column(String(16))
    state: Mapped[DatasetState] = mapped_column(String(16))
    file_name: Mapped[str | None] = mapped_column(String(255))
    file_hash: Mapped[str | None] = mapped_column(String(HASH_LENGTH))
    """Blob with the uploaded file, until it is prepared or refused."""
    file_size: Mapped[int | None] = mapped_column(BigInteger)
    tensors_hash: Mapped[str | None] = mapped_column(String(HASH_LENGTH))
    """Blob with the neutral form (safetensors: x_train, y_train, x_test, y_test); set when `ready`."""
    examples_hash: Mapped[str | None] = mapped_column(String(HASH_LENGTH))
    """Blob with a PNG grid of examples; set when `ready`."""
    summary: Mapped[DatasetSummary | None] = mapped_column(JsonOf(DatasetSummary))
    created_at: Mapped[datetime] = mapped_column(Instant, insert_default=database_time())
