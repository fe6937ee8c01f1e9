"""Datasets: built-in ones are prepared on demand, uploads are inspected."""

from collections.abc import Sequence
from itertools import chain, count

from backend.db.models import DatasetRow, JobRow
from backend.domain.datasets import BUILTIN_DATASETS
from backend.domain.errors import Conflict, InvalidValue
from backend.domain.jobs import JobKind
from backend.services.downloads import Download
from backend.services.scope import Scope

ENDINGS = (".npz",)


def list_datasets(scope: Scope) -> Sequence[DatasetRow]:
    """All datasets, the built-in ones first."""
    return scope.work.datasets.list_all()


def get_dataset(scope: Scope, dataset_id: str) -> DatasetRow:
    """One dataset; raises `NotFound`."""
    return scope.work.datasets.get(dataset_id)


def ensure_builtin_datasets(scope: Scope) -> None:
    """Make rows for the built-in datasets that have none yet, and queue their preparation."""
    for name, title in BUILTIN_DATASETS.items():
        if scope.work.datasets.find_by_name(name) is None:
            row = DatasetRow(name=name, title=title, source="builtin", state="preparing")
            _prepare(scope, scope.work.datasets.add(row))


def register_dataset(scope: Scope, upload_id: str, name: str | None) -> DatasetRow:
    """Store a finished upload by its content and have it inspected.

    Raises `NotFound`, `Conflict` (also for a name that is taken) or `InvalidValue`.
    """
    uploads = scope.outside.uploads
    with uploads.finished(upload_id, "dataset") as (upload, path):
        if not upload.file_name.lower().endswith(ENDINGS):
            raise InvalidValue(
                f"`{upload.file_name}` does not end in {', '.join(ENDINGS)}.",
                field="upload_id",
                hint="Save the arrays x_train, y_train, x_test, y_test with numpy.savez.",
            )
        title = _free_name(scope, upload.file_name) if name is None else name
        if scope.work.datasets.find_by_name(title) is not None:
            raise Conflict(f"There is a dataset named `{title}` already; choose another name.", field="name")
        blob = scope.outside.store.put_file(path)
    row = scope.work.datasets.add(
        DatasetRow(
            name=title,
            title=title,
            source="upload",
            state="preparing",
            file_name=upload.file_name,
            file_hash=blob.sha256,
            file_size=blob.size,
        )
    )
    _prepare(scope, row)
    scope.work.after_commit(lambda: uploads.delete(upload_id))
    return row


def prepare_again(scope: Scope, dataset_id: str) -> DatasetRow:
    """Try a dataset once more whose preparation failed. Raises `NotFound`, `Conflict`, for a refused file too."""
    row = scope.work.datasets.get(dataset_id)
    if row.state != "failed":
        raise Conflict(f"Only a dataset whose preparation failed can be tried again; this one is {row.state}.")
    row.state = "preparing"
    row.error_code = row.error_detail = row.error_hint = None
    _prepare(scope, row)
    return row


def delete_dataset(scope: Scope, dataset_id: str) -> None:
    """Forget an uploaded dataset and its files. Raises `NotFound`, `Conflict` for a built-in one or while in use."""
    row = scope.work.datasets.get(dataset_id)
    if row.source == "builtin":
        raise Conflict("Built-in datasets stay.")
    if scope.work.jobs.count_active(dataset_id=dataset_id):
        raise Conflict("A job still needs this dataset; cancel it or wait for it.")
    hashes = {row.file_hash, row.tensors_hash, row.examples_hash}
    scope.work.datasets.delete(dataset_id)
    scope.work.artifacts.drop(hashes)
    scope.announce("dataset", dataset_id, "deleted")


def open_examples(scope: Scope, dataset_id: str) -> Download:
    """A PNG grid of examples; raises `NotFound`, `Conflict` before the dataset is ready."""
    row = scope.work.datasets.get(dataset_id)
    if row.examples_hash is None:
        raise Conflict(f"There are no examples yet: the dataset is {row.state}.")
    return Download("examples.png", "image/png", scope.outside.store.stream(row.examples_hash))


def _free_name(scope: Scope, name: str) -> str:
    """`name`, or with the first number behind it that makes it unique."""
    names = chain([name], (f"{name} ({number})" for number in count(2)))
    return next(free for free in names if scope.work.datasets.find_by_name(free) is None)


def _prepare(scope: Scope, row: DatasetRow) -> None:
    scope.queue(JobRow(kind=JobKind.DATASET_INTAKE, name=f"Prepare {row.title}"[:200], dataset_id=row.id))
    scope.announce("dataset", row.id, row.state)
