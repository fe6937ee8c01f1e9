"""Models: from a finished upload to a network that can be pruned."""

from collections.abc import Sequence

from backend.db.models import JobRow, ModelRow
from backend.domain.errors import Conflict, InvalidValue
from backend.domain.jobs import JobKind
from backend.domain.network import ArchitectureMatch, NetworkSummary
from backend.services.downloads import Download, file_stem
from backend.services.scope import Scope

ENDINGS = (".safetensors", ".pt", ".pth", ".pt2", ".onnx")
"""Files that a model may come in; what is inside is only looked at in the locked-down process."""
_MEDIA_TYPE = "application/octet-stream"


def list_models(scope: Scope) -> Sequence[ModelRow]:
    """All models, newest first."""
    return scope.work.models.list_all()


def get_model(scope: Scope, model_id: str) -> ModelRow:
    """One model; raises `NotFound`."""
    return scope.work.models.get(model_id)


def register_model(scope: Scope, upload_id: str, name: str | None) -> ModelRow:
    """Store a finished upload by its content and have it inspected.

    Raises `NotFound`, `Conflict` or `InvalidValue` when there is no such finished upload of a model.
    """
    uploads = scope.outside.uploads
    with uploads.finished(upload_id, "model") as (upload, path):
        if not upload.file_name.lower().endswith(ENDINGS):
            raise InvalidValue(
                f"`{upload.file_name}` does not end in {', '.join(ENDINGS)}.",
                field="upload_id",
                hint="Save a state dict (.safetensors), an exported program (.pt2, `secateur export`) or ONNX.",
            )
        blob = scope.outside.store.put_file(path)
    row = scope.work.models.add(
        ModelRow(
            name=name or upload.file_name,
            file_name=upload.file_name,
            source="upload",
            state="inspecting",
            content_hash=blob.sha256,
            file_size=blob.size,
        )
    )
    _inspect(scope, row)
    scope.work.after_commit(lambda: uploads.delete(upload_id))
    return row


def choose_architecture(scope: Scope, model_id: str, choice: ArchitectureMatch) -> ModelRow:
    """Settle which of several fitting architectures a model is, and inspect it as that one.

    Raises `NotFound`, `Conflict` when nothing is to choose, `InvalidValue` when the choice is not offered.
    """
    row = scope.work.models.get(model_id)
    if row.state != "choosing":
        raise Conflict(f"There is nothing to choose: the model is {row.state}.")
    if choice not in row.matches:
        offered = "; ".join(f"{match.architecture} {match.input_shape}" for match in row.matches)
        raise InvalidValue(
            f"`{choice.architecture}` with the input {choice.input_shape} is not among what fits: {offered}.",
            field="architecture",
        )
    row.choice = choice
    row.state = "inspecting"
    _inspect(scope, row)
    return row


def inspect_again(scope: Scope, model_id: str) -> ModelRow:
    """Inspect a model once more whose inspection failed. Raises `NotFound`, `Conflict`, for a refused file too."""
    row = scope.work.models.get(model_id)
    if row.state != "failed":
        raise Conflict(f"Only a model whose inspection failed can be inspected again; this one is {row.state}.")
    row.state = "inspecting"
    row.error_code = row.error_detail = row.error_hint = None
    _inspect(scope, row)
    return row


def delete_model(scope: Scope, model_id: str) -> None:
    """Forget a model and its files; finished runs keep their results. Raises `NotFound`, `Conflict` while in use."""
    row = scope.work.models.get(model_id)
    if scope.work.jobs.count_active(model_id=model_id):
        raise Conflict("A job still needs this model; cancel it or wait for it.")
    hashes = {row.content_hash, row.graph_hash, row.weights_hash}
    scope.work.models.delete(model_id)
    scope.work.artifacts.drop(hashes)
    scope.announce("model", model_id, "deleted")


def open_model_file(scope: Scope, model_id: str) -> Download:
    """The model's tensors as safetensors; raises `NotFound`, `Conflict` before it is ready."""
    row = scope.work.models.get(model_id)
    if row.weights_hash is None:
        raise Conflict(f"There is no file yet: the model is {row.state}.")
    name = f"{file_stem(row.name.removesuffix('.safetensors'))}.safetensors"
    return Download(name, _MEDIA_TYPE, scope.outside.store.stream(row.weights_hash))


def get_summary(scope: Scope, model_id: str) -> NetworkSummary:
    """A model's layers and counts; raises `NotFound`, `Conflict` before it is ready."""
    row = scope.work.models.get(model_id)
    if row.summary is None:
        raise Conflict(f"Its layers are not known yet: the model is {row.state}.")
    return row.summary


def _inspect(scope: Scope, row: ModelRow) -> None:
    scope.queue(JobRow(kind=JobKind.MODEL_INTAKE, name=f"Inspect {row.name}"[:200], model_id=row.id))
    scope.announce("model", row.id, row.state)
