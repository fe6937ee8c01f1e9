"""Why something failed: three columns that jobs, models and datasets share."""

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

CODE_LENGTH = 40


class FailureColumns:
    """A stable code (`FailureCode`), a sentence and a hint; all None while nothing went wrong."""

    error_code: Mapped[str | None] = mapped_column(String(CODE_LENGTH))
    error_detail: Mapped[str | None] = mapped_column(Text)
    error_hint: Mapped[str | None] = mapped_column(Text)
