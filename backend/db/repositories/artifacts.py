"""Files of operating points, and which blobs of the store are still wanted."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, insert, select, union_all

from backend.db.models import ArtifactRow, DatasetRow, DroppedBlobRow, ModelRow, PointRow
from backend.db.repositories.repository import Repository
from backend.domain.errors import NotFound

_BLOB_COLUMNS = (
    ArtifactRow.sha256,
    ModelRow.content_hash,
    ModelRow.graph_hash,
    ModelRow.weights_hash,
    DatasetRow.file_hash,
    DatasetRow.tensors_hash,
    DatasetRow.examples_hash,
    PointRow.graph_hash,
)


@dataclass(frozen=True)
class DroppedBlob:
    """A blob that a row named and names no more."""

    id: str
    sha256: str
    is_named: bool
    """Another row names it."""


class Artifacts(Repository):
    """The tables `artifact` and `dropped_blob`."""

    def replace(self, job_id: str, point_index: int, rows: Sequence[ArtifactRow]) -> None:
        """Write all files of a point, in place of earlier ones; the caller has fenced the transaction."""
        query = delete(ArtifactRow).where(ArtifactRow.job_id == job_id, ArtifactRow.point_index == point_index)
        self._session.execute(query.execution_options(synchronize_session=False))
        columns = ("name", "sha256", "size", "media_type", "facts")
        values = [{column: getattr(row, column) for column in columns} for row in rows]
        if values:
            owner = {"job_id": job_id, "point_index": point_index}
            self._session.execute(insert(ArtifactRow), [{**owner, **value} for value in values])

    def list_of_point(self, job_id: str, point_index: int) -> Sequence[ArtifactRow]:
        """All files of a point, by name."""
        query = select(ArtifactRow).where(ArtifactRow.job_id == job_id, ArtifactRow.point_index == point_index)
        return self._session.scalars(query.order_by(ArtifactRow.name)).all()

    def get(self, job_id: str, point_index: int, name: str) -> ArtifactRow:
        """One file of a point; raises `NotFound`."""
        row = self._session.get(ArtifactRow, (job_id, point_index, name))
        if row is None:
            raise NotFound("This operating point has no such file.")
        return row

    def find(self, job_id: str, point_index: int, name: str) -> ArtifactRow | None:
        """One file of a point, locked until the end of the transaction: two jobs may want to change it at once."""
        query = select(ArtifactRow).where(
            ArtifactRow.job_id == job_id, ArtifactRow.point_index == point_index, ArtifactRow.name == name
        )
        return self._session.scalars(query.with_for_update()).one_or_none()

    def put(self, row: ArtifactRow) -> None:
        """Write one file of a point, in place of an earlier one; the caller has fenced the transaction."""
        self._session.merge(row)
        self._session.flush()

    def hashes_of_run(self, job_id: str) -> set[str]:
        """Blobs that a run's files and networks use."""
        files = select(ArtifactRow.sha256).where(ArtifactRow.job_id == job_id)
        graphs = select(PointRow.graph_hash).where(PointRow.job_id == job_id, PointRow.graph_hash.is_not(None))
        return set(self._session.scalars(union_all(files, graphs)))

    def drop(self, hashes: Collection[str | None]) -> None:
        """Note blobs that a row names no more; they leave the store some time later, unless another row names them."""
        values = [{"sha256": sha256} for sha256 in set(hashes) if sha256 is not None]
        if values:
            self._session.execute(insert(DroppedBlobRow), values)

    def list_dropped(self) -> Sequence[DroppedBlob]:
        """The blobs that were dropped and not yet forgotten, and whether a row names them."""
        named = union_all(*(select(column).where(column.is_not(None)) for column in _BLOB_COLUMNS))
        query = select(DroppedBlobRow.id, DroppedBlobRow.sha256, DroppedBlobRow.sha256.in_(named))
        return [DroppedBlob(*row) for row in self._session.execute(query)]

    def forget_dropped(self, ids: Collection[str]) -> None:
        """They are gone, or wanted again."""
        for dropped_id in ids:
            self._session.execute(delete(DroppedBlobRow).where(DroppedBlobRow.id == dropped_id))
