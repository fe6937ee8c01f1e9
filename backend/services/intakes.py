"""What becomes of a model or a dataset whose intake failed."""

from backend.db import UnitOfWork
from backend.db.models import JobRow
from backend.db.repositories.leases import Expired
from backend.domain.errors import FILE_VERDICTS, JobFailure
from backend.domain.jobs import JobKind


def fail_subject(work: UnitOfWork, job: JobRow | Expired, failure: JobFailure) -> None:
    """When an intake fails, its model or dataset says why; an upload goes only when the failure is a verdict on it."""
    if job.kind is JobKind.MODEL_INTAKE and job.model_id is not None:
        _fail_model(work, job.model_id, failure)
    if job.kind is JobKind.DATASET_INTAKE and job.dataset_id is not None:
        _fail_dataset(work, job.dataset_id, failure)


def _fail_model(work: UnitOfWork, model_id: str, failure: JobFailure) -> None:
    if failure.code not in FILE_VERDICTS:
        work.models.fail(model_id, _with_file_kept(failure), state="failed")
        return
    work.models.fail(model_id, failure, state="rejected")
    model = work.models.get(model_id)
    work.artifacts.drop({model.content_hash})
    model.content_hash = None


def _fail_dataset(work: UnitOfWork, dataset_id: str, failure: JobFailure) -> None:
    dataset = work.datasets.get(dataset_id)
    if dataset.source == "builtin":
        work.datasets.fail(dataset_id, failure, state="failed")
    elif failure.code not in FILE_VERDICTS:
        work.datasets.fail(dataset_id, _with_file_kept(failure), state="failed")
    else:
        work.datasets.fail(dataset_id, failure, state="rejected")
        work.artifacts.drop({dataset.file_hash})
        dataset.file_hash = None


def _with_file_kept(failure: JobFailure) -> JobFailure:
    return JobFailure(failure.code, failure.detail, f"{failure.hint} The uploaded file is kept: try again.".strip())
