"""Intake: uploaded files and built-in datasets become neutral forms in the store."""

import tempfile
from functools import partial
from pathlib import Path

from backend.db import UnitOfWork
from backend.db.models import DatasetRow, ModelRow
from backend.domain.errors import FailureCode, JobFailure
from worker.data import NeutralDataset, load_builtin, to_neutral
from worker.intake.datasets import inspect_dataset
from worker.intake.models import inspect_model
from worker.intake.outcome import Choice
from worker.jobs.performance import Performance, Write
from worker.workshop import Workshop

_GONE = JobFailure(FailureCode.REJECTED_FILE, "The uploaded file is not in the store any more.", "Upload it again.")


def inspect_uploaded_model(performance: Performance) -> Write | None:
    """Open an uploaded model in the locked-down child, and store its neutral form or what to choose from."""
    workshop, model_id = performance.workshop, performance.job.model_id or ""
    with workshop.work() as work:
        row = work.models.get(model_id)
    if row.content_hash is None:
        raise _GONE
    with tempfile.TemporaryDirectory(prefix="secateur-intake-") as folder:
        file = workshop.store.local_copy(row.content_hash, Path(folder), row.file_name)
        allowed = workshop.settings.allow_unsandboxed_parsing
        intake = inspect_model(file, row.choice, name=row.file_name, allow_unsandboxed=allowed)
    if isinstance(intake, Choice):
        values: dict[str, object] = {"state": "choosing", "matches": tuple(intake.matches)}
    else:
        graph = workshop.store.put_bytes(intake.files.graph.encode())
        weights = workshop.store.put_bytes(intake.files.weights)
        values = {
            "state": "ready",
            "summary": intake.summary,
            "graph_hash": graph.sha256,
            "weights_hash": weights.sha256,
        }
    return partial(_update_model, model_id=model_id, values=values)


def prepare_dataset(performance: Performance) -> Write | None:
    """Load a built-in dataset, or open an uploaded one in the locked-down child, and store its neutral form."""
    workshop, dataset_id = performance.workshop, performance.job.dataset_id or ""
    with workshop.work() as work:
        row = work.datasets.get(dataset_id)
    neutral = _builtin(workshop, row) if row.source == "builtin" else _uploaded(workshop, row)
    values = {
        "state": "ready",
        "summary": neutral.summary,
        "tensors_hash": workshop.store.put_bytes(neutral.tensors).sha256,
        "examples_hash": workshop.store.put_bytes(neutral.examples_png).sha256,
        "file_hash": None,
    }
    return partial(_update_dataset, dataset_id=dataset_id, values=values)


def _builtin(workshop: Workshop, row: DatasetRow) -> NeutralDataset:
    return to_neutral(load_builtin(row.name, workshop.settings.dataset_folders, workshop.settings.downloads))


def _uploaded(workshop: Workshop, row: DatasetRow) -> NeutralDataset:
    if row.file_hash is None:
        raise _GONE
    with tempfile.TemporaryDirectory(prefix="secateur-intake-") as folder:
        file = workshop.store.local_copy(row.file_hash, Path(folder), row.file_name or "")
        allowed = workshop.settings.allow_unsandboxed_parsing
        return inspect_dataset(file, name=row.file_name, allow_unsandboxed=allowed)


def _update_model(work: UnitOfWork, model_id: str, values: dict[str, object]) -> None:
    _set(work.models.get(model_id), values)


def _update_dataset(work: UnitOfWork, dataset_id: str, values: dict[str, object]) -> None:
    row = work.datasets.get(dataset_id)
    work.artifacts.drop({row.file_hash})
    _set(row, values)


def _set(row: ModelRow | DatasetRow, values: dict[str, object]) -> None:
    for name, value in values.items():
        setattr(row, name, value)
