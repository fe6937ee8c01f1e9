"""Blobs that may leave the artifact store."""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import HASH_LENGTH, ID_LENGTH, Base, new_id


class DroppedBlobRow(Base):
    """A row named this blob and does no more; the blob goes once no other row does, and nobody is about to."""

    __tablename__ = "dropped_blob"

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True, default=new_id)
    sha256: Mapped[str] = mapped_column(String(HASH_LENGTH))
