"""Histories: one row per step of a run."""

from typing import Any

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import ID_LENGTH, Base


class StepRow(Base):
    """One step of a run. Layer names are in the job's `layout`, so a row holds bare arrays."""

    __tablename__ = "run_step"

    job_id: Mapped[str] = mapped_column(String(ID_LENGTH), ForeignKey("job.id", ondelete="CASCADE"), primary_key=True)
    step: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    metrics: Mapped[dict[str, Any]] = mapped_column(JSON)
    """Every field of `StepRecord` but `step` and `widths`."""
    widths: Mapped[list[int]] = mapped_column(JSON)
    """Width of every tracked layer, in the layout's order."""
    sparsities: Mapped[list[float]] = mapped_column(JSON)
    """Fraction removed of every tracked layer, in the layout's order."""
