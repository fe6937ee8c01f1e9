"""Browser sessions."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import HASH_LENGTH, Base, Instant, database_time


class SessionRow(Base):
    """One session; only the sha256 of its token is kept, so a stolen database opens no door."""

    __tablename__ = "session"

    token_hash: Mapped[str] = mapped_column(String(HASH_LENGTH), primary_key=True)
    user: Mapped[str] = mapped_column(String(100))
    created_at: Mapped[datetime] = mapped_column(Instant, insert_default=database_time())
    seen_at: Mapped[datetime] = mapped_column(Instant, insert_default=database_time())
