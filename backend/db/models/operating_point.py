"""Operating points: the networks on a run's accuracy-size curve."""

from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from backend.db.base import HASH_LENGTH, ID_LENGTH, Base, JsonOf
from backend.db.models.artifact import ArtifactRow
from backend.domain.delivery import LatencyReport
from backend.domain.first_layers import FirstLayer
from backend.domain.reports import OperatingPoint, Zeros
from backend.domain.scores import ScoreDistribution
from backend.domain.weight_bits import WeightBits


class PointRow(Base):
    """One operating point: the fields of `backend.domain.reports.OperatingPoint`, and what was made of it later."""

    __tablename__ = "operating_point"

    job_id: Mapped[str] = mapped_column(String(ID_LENGTH), ForeignKey("job.id", ondelete="CASCADE"), primary_key=True)
    index: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    step: Mapped[int]
    sparsity: Mapped[float]
    macs: Mapped[int] = mapped_column(BigInteger)
    parameters: Mapped[int] = mapped_column(BigInteger)
    widths: Mapped[tuple[int, ...]] = mapped_column(JsonOf(tuple[int, ...]))
    zeros: Mapped[Zeros | None] = mapped_column(JsonOf(Zeros))
    """Where single weights went."""
    dead_channels: Mapped[tuple[str, ...] | None] = mapped_column(JsonOf(tuple[str, ...]))
    """None for points from before they were removed."""
    removed_layers: Mapped[tuple[str, ...] | None] = mapped_column(JsonOf(tuple[str, ...]))
    """None for points from before layers were removed."""
    dense_accuracy: Mapped[float]
    pruned_accuracy: Mapped[float]
    retrained_accuracy: Mapped[float]
    retrained_loss: Mapped[float]
    test_accuracy: Mapped[float]
    test_loss: Mapped[float]
    before_accuracy: Mapped[float | None]
    retrained_calibration_error: Mapped[float | None]
    test_calibration_error: Mapped[float | None]
    test_class_accuracies: Mapped[tuple[float | None, ...] | None] = mapped_column(JsonOf(tuple[float | None, ...]))
    weight_bits: Mapped[WeightBits | None] = mapped_column(JsonOf(WeightBits))
    """Where a regularizer learned how much noise the weights bear."""
    is_target: Mapped[bool]
    graph_hash: Mapped[str | None] = mapped_column(String(HASH_LENGTH))
    """Blob with the network's graph (JSON); None for points from before there was one."""
    latency: Mapped[LatencyReport | None] = mapped_column(JsonOf(LatencyReport))
    """Measured beside the dense network; None until then."""
    scores: Mapped[ScoreDistribution | None] = mapped_column(JsonOf(ScoreDistribution), deferred=True)
    """How the scores lay at the last removal; read only where it is asked for."""
    first_layers: Mapped[tuple[FirstLayer, ...] | None] = mapped_column(
        JsonOf(tuple[FirstLayer, ...]), deferred=True, deferred_raiseload=True
    )
    """Pictures of the layers that read an input; read only where it is asked for."""
    artifacts: Mapped[list[ArtifactRow]] = relationship(lazy="raise", order_by=ArtifactRow.name, viewonly=True)

    def to_domain(self) -> OperatingPoint:
        """The point as the domain knows it."""
        values = {name: getattr(self, name) for name in OperatingPoint.model_fields}
        return OperatingPoint(**{name: value for name, value in values.items() if value is not None})
