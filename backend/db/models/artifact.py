"""Artifacts: the files that belong to an operating point."""

from sqlalchemy import BigInteger, ForeignKey, ForeignKeyConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import HASH_LENGTH, ID_LENGTH, Base, JsonOf
from backend.domain.delivery import FileFacts


class ArtifactRow(Base):
    """One file of an operating point; its bytes are the blob `sha256` in the artifact store."""

    __tablename__ = "artifact"
    __table_args__ = (
        ForeignKeyConstraint(
            ["job_id", "point_index"], ["operating_point.job_id", "operating_point.index"], ondelete="CASCADE"
        ),
    )

    job_id: Mapped[str] = mapped_column(String(ID_LENGTH), ForeignKey("job.id", ondelete="CASCADE"), primary_key=True)
    point_index: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(HASH_LENGTH), index=True)
    size: Mapped[int] = mapped_column(BigInteger)
    media_type: Mapped[str] = mapped_column(String(100))
    facts: Mapped[FileFacts | None] = mapped_column(JsonOf(FileFacts))
    """What is known of it beyond its bytes."""
