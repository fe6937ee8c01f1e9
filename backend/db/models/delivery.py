"""Deliveries: what jobs make for an operating point after it was reached."""

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import ID_LENGTH, Base, TextOf
from backend.domain.delivery import Format


class DeliveryRow(Base):
    """The order of one `delivery` job; how it stands is in its job's row."""

    __tablename__ = "delivery"
    __table_args__ = (Index(None, "run_id"),)

    job_id: Mapped[str] = mapped_column(String(ID_LENGTH), ForeignKey("job.id", ondelete="CASCADE"), primary_key=True)
    run_id: Mapped[str] = mapped_column(String(ID_LENGTH), ForeignKey("job.id", ondelete="CASCADE"))
    """The run whose operating point it is."""
    point_index: Mapped[int]
    format: Mapped[Format | None] = mapped_column(TextOf(Format))
    """What to make; None: measure the latency."""
