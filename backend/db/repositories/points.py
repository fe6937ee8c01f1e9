"""Operating points of runs."""

from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, Select, delete, func, select, tuple_
from sqlalchemy.orm import selectinload

from backend.db.models import PointRow
from backend.db.repositories.repository import Repository
from backend.domain.errors import NotFound
from backend.domain.first_layers import FirstLayer
from backend.domain.point_details import PointDetails
from backend.domain.reports import OperatingPoint
from backend.domain.scores import ScoreDistribution

_NO_DETAILS = PointDetails()


class Points(Repository):
    """The table `operating_point`."""

    def put(
        self,
        job_id: str,
        point: OperatingPoint,
        graph_hash: str | None = None,
        details: PointDetails = _NO_DETAILS,
    ) -> None:
        """Write a point, in place of an earlier one with the same index; the caller has fenced the transaction."""
        self._delete(PointRow.index == point.index, job_id=job_id)
        fields = {name: getattr(point, name) for name in OperatingPoint.model_fields}
        fields |= {name: getattr(details, name) for name in PointDetails.model_fields}
        self._session.add(PointRow(job_id=job_id, graph_hash=graph_hash, **fields))
        self._session.flush()

    def get(self, job_id: str, index: int) -> PointRow:
        """One point with its artifacts; raises `NotFound`."""
        row = self._session.scalars(_with_artifacts(job_id).where(PointRow.index == index)).one_or_none()
        if row is None:
            raise NotFound(_absent(index))
        return row

    def find_scores(self, job_id: str, index: int | None = None) -> ScoreDistribution | None:
        """How the scores lay before a point, or before the last one that tells; None where none tells."""
        query = select(PointRow.scores).where(PointRow.job_id == job_id, PointRow.scores.is_not(None))
        if index is not None:
            query = query.where(PointRow.index == index)
        return self._session.scalar(query.order_by(PointRow.index.desc()).limit(1))

    def first_layers(self, job_id: str, index: int) -> tuple[FirstLayer, ...]:
        """Pictures of a point's first layers, none for a point from before there were any; raises `NotFound`."""
        query = select(PointRow.first_layers).where(PointRow.job_id == job_id, PointRow.index == index)
        found = self._session.execute(query).one_or_none()
        if found is None:
            raise NotFound(_absent(index))
        return found[0] or ()

    def list_all(self, job_id: str) -> Sequence[PointRow]:
        """All points of a run with their artifacts, in order."""
        return self._session.scalars(_with_artifacts(job_id)).all()

    def last_of(self, job_ids: Collection[str]) -> dict[str, OperatingPoint]:
        """The last operating point of each run that has one, by run."""
        newest = select(PointRow.job_id, func.max(PointRow.index)).where(PointRow.job_id.in_(job_ids))
        query = select(PointRow).where(tuple_(PointRow.job_id, PointRow.index).in_(newest.group_by(PointRow.job_id)))
        return {row.job_id: row.to_domain() for row in self._session.scalars(query)}

    def trim(self, job_id: str, after: int) -> None:
        """Forget points of steps beyond `after`: they belong to a lost attempt."""
        self._delete(PointRow.step > after, job_id=job_id)

    def _delete(self, condition: ColumnElement[bool], *, job_id: str) -> None:
        query = delete(PointRow).where(PointRow.job_id == job_id, condition)
        self._session.execute(query.execution_options(synchronize_session=False))


def _absent(index: int) -> str:
    return f"This run has no operating point {index}."


def _with_artifacts(job_id: str) -> Select[PointRow]:
    query = select(PointRow).where(PointRow.job_id == job_id).order_by(PointRow.index)
    return query.options(selectinload(PointRow.artifacts))
