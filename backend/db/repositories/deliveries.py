"""Deliveries: jobs that make files of operating points, or measure them."""

from dataclasses import dataclass

from sqlalchemy import Select, delete, select

from backend.db.models import DeliveryRow, JobRow
from backend.db.repositories.jobs import ACTIVE_STATES
from backend.db.repositories.repository import Repository
from backend.domain.delivery import DeliveryOrder
from backend.domain.jobs import JobKind


@dataclass(frozen=True)
class Delivery:
    """An order and the job that carries it out."""

    order: DeliveryOrder
    job: JobRow


class Deliveries(Repository):
    """The table `delivery`."""

    def add(self, job: JobRow, run_id: str, order: DeliveryOrder) -> None:
        """Say what a queued job is to make."""
        values = {"point_index": order.point_index, "format": order.format}
        self._session.add(DeliveryRow(job_id=job.id, run_id=run_id, **values))
        self._session.flush()

    def find(self, job_id: str) -> DeliveryRow | None:
        """What a job is to make; None when its run is gone."""
        return self._session.get(DeliveryRow, job_id)

    def find_active(self, run_id: str, order: DeliveryOrder) -> JobRow | None:
        """The job that carries out this order now, or waits to."""
        query = _jobs(run_id).where(
            DeliveryRow.point_index == order.point_index,
            DeliveryRow.format.is_(None) if order.format is None else DeliveryRow.format == order.format,
            JobRow.state.in_(ACTIVE_STATES),
        )
        found = self._session.execute(query.limit(1)).first()
        return None if found is None else found[1]

    def newest_of_run(self, run_id: str) -> dict[DeliveryOrder, Delivery]:
        """The newest job of every order of a run."""
        rows = self._session.execute(_jobs(run_id).order_by(JobRow.created_at, JobRow.id))
        found = (Delivery(DeliveryOrder(point_index=row.point_index, format=row.format), job) for row, job in rows)
        return {delivery.order: delivery for delivery in found}

    def delete_of_run(self, run_id: str) -> None:
        """Forget all deliveries of a run with their jobs; one that is being carried out loses its lease."""
        jobs = select(DeliveryRow.job_id).where(DeliveryRow.run_id == run_id)
        query = delete(JobRow).where(JobRow.id.in_(jobs), JobRow.kind == JobKind.DELIVERY)
        self._session.execute(query.execution_options(synchronize_session=False))


def _jobs(run_id: str) -> Select[DeliveryRow, JobRow]:
    return select(DeliveryRow, JobRow).join(JobRow, JobRow.id == DeliveryRow.job_id).where(DeliveryRow.run_id == run_id)
