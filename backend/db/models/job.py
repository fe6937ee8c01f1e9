"""Jobs: what a user asked for, where it stands, and who holds the lease on it."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import HASH_LENGTH, ID_LENGTH, NAME_LENGTH, Base, Instant, JsonOf, TextOf, database_time, new_id
from backend.db.models.failure import FailureColumns
from backend.domain.jobs import JobKind, JobState
from backend.domain.recipe import Recipe
from backend.domain.reports import Phase, RunLayout
from backend.domain.sampling import SampleOrder


class JobRow(FailureColumns, Base):
    """One job. This table is the queue of record; the broker only rings a bell."""

    __tablename__ = "job"
    __table_args__ = (
        Index(None, "state", "lease_until"),
        Index(None, "created_at"),
    )

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True, default=new_id)
    kind: Mapped[JobKind] = mapped_column(TextOf(JobKind))
    state: Mapped[JobState] = mapped_column(TextOf(JobState), default=JobState.QUEUED)
    name: Mapped[str] = mapped_column(String(NAME_LENGTH))
    model_id: Mapped[str | None] = mapped_column(
        String(ID_LENGTH), ForeignKey("model.id", ondelete="SET NULL"), index=True
    )
    dataset_id: Mapped[str | None] = mapped_column(
        String(ID_LENGTH), ForeignKey("dataset.id", ondelete="SET NULL"), index=True
    )
    recipe: Mapped[Recipe | None] = mapped_column(JsonOf(Recipe))
    """What a `prune` job does."""
    recipe_fingerprint: Mapped[str | None] = mapped_column(String(HASH_LENGTH))
    sample_order: Mapped[SampleOrder | None] = mapped_column(JsonOf(SampleOrder))
    """What a `sample` job does."""
    result_model_id: Mapped[str | None] = mapped_column(String(ID_LENGTH), ForeignKey("model.id", ondelete="SET NULL"))
    """The model that a finished `sample` job made."""

    owner: Mapped[str | None] = mapped_column(String(NAME_LENGTH))
    """Process that holds the lease (host:pid:number), None when nobody does."""
    epoch: Mapped[int] = mapped_column(default=0)
    """Rises whenever the lease changes hands: a write with an older epoch touches no row."""
    lease_until: Mapped[datetime | None] = mapped_column(Instant)
    heartbeat_at: Mapped[datetime | None] = mapped_column(Instant)
    rung_at: Mapped[datetime | None] = mapped_column(Instant)
    """When the doorbell last rang for it (or it was queued)."""
    cancel_requested: Mapped[bool] = mapped_column(default=False)
    attempt: Mapped[int] = mapped_column(default=0)
    """Claims since the last step of progress."""
    attempt_step: Mapped[int] = mapped_column(default=0)
    """`step_committed` when the attempts began to be counted."""
    step_committed: Mapped[int] = mapped_column(default=0)

    layout: Mapped[RunLayout | None] = mapped_column(JsonOf(RunLayout))
    """Layer names and dense counts, once per run."""
    progress: Mapped[float] = mapped_column(default=0.0)
    """Share that is done, in [0, 1]."""
    seconds_left: Mapped[float | None]
    phase: Mapped[Phase | None] = mapped_column(TextOf(Phase))
    loss: Mapped[float | None]
    accuracy: Mapped[float | None]
    sparsity: Mapped[float | None]
    macs: Mapped[int | None] = mapped_column(BigInteger)
    parameters: Mapped[int | None] = mapped_column(BigInteger)

    created_at: Mapped[datetime] = mapped_column(Instant, insert_default=database_time())
    started_at: Mapped[datetime | None] = mapped_column(Instant)
    finished_at: Mapped[datetime | None] = mapped_column(Instant)
