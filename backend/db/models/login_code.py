"""One-time login codes."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import HASH_LENGTH, Base, Instant, database_time


class LoginCodeRow(Base):
    """One code that `secateur up` printed; only its sha256 is kept, and it goes when it is used."""

    __tablename__ = "login_code"

    code_hash: Mapped[str] = mapped_column(String(HASH_LENGTH), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(Instant, insert_default=database_time())
    expires_at: Mapped[datetime] = mapped_column(Instant)
