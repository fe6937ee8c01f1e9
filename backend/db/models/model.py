"""Trained networks: uploaded, or trained here as samples."""

from datetime import datetime
from typing import Literal

from sqlalchemy import BigInteger, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import HASH_LENGTH, ID_LENGTH, NAME_LENGTH, Base, Instant, JsonOf, database_time, new_id
from backend.db.models.failure import FailureColumns
from backend.domain.network import ArchitectureMatch, NetworkSummary

ModelSource = Literal["upload", "sample"]
ModelState = Literal["inspecting", "choosing", "ready", "failed", "rejected"]
"""`failed`: the machine could not inspect it, and its file is kept; `rejected`: the file was refused."""


class ModelRow(FailureColumns, Base):
    """One trained network. Its bytes are blobs in the artifact store, named here by sha256."""

    __tablename__ = "model"
    __table_args__ = (Index(None, "created_at"),)

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(NAME_LENGTH))
    file_name: Mapped[str] = mapped_column(String(255))
    source: Mapped[ModelSource] = mapped_column(String(16))
    state: Mapped[ModelState] = mapped_column(String(16))
    content_hash: Mapped[str | None] = mapped_column(String(HASH_LENGTH))
    """sha256 of the file as it came (upload) or as it was written (sample): a blob until it is rejected."""
    file_size: Mapped[int | None] = mapped_column(BigInteger)
    graph_hash: Mapped[str | None] = mapped_column(String(HASH_LENGTH))
    """Blob with the neutral form's graph (JSON); set when the state is `ready`."""
    weights_hash: Mapped[str | None] = mapped_column(String(HASH_LENGTH))
    """Blob with the neutral form's tensors (safetensors); set when the state is `ready`."""
    summary: Mapped[NetworkSummary | None] = mapped_column(JsonOf(NetworkSummary))
    matches: Mapped[tuple[ArchitectureMatch, ...]] = mapped_column(JsonOf(tuple[ArchitectureMatch, ...]), default=())
    """Architectures to pick from, while the state is `choosing`."""
    choice: Mapped[ArchitectureMatch | None] = mapped_column(JsonOf(ArchitectureMatch))
    """What the user picked; the next inspection follows it."""
    trained_on: Mapped[str | None] = mapped_column(String(ID_LENGTH), ForeignKey("dataset.id", ondelete="SET NULL"))
    """Dataset of a sample network."""
    test_accuracy: Mapped[float | None]
    """Test accuracy of a sample network, in [0, 1]."""
    created_at: Mapped[datetime] = mapped_column(Instant, insert_default=database_time())
