"""Datasets: built-in and uploaded."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Body
from fastapi.responses import StreamingResponse

from backend.api.dependencies import ScopeOf
from backend.api.documentation import CONFLICT, MISSING, file_response
from backend.api.downloads import send_download
from backend.api.schemas.common import EXAMPLE_ID, PathId
from backend.api.schemas.datasets import DatasetAnswer, DatasetBody
from backend.services import datasets

router = APIRouter(prefix="/datasets", tags=["datasets"])

_REGISTER_EXAMPLE = {"upload_id": EXAMPLE_ID, "name": "my-digits"}


@router.get("")
def list_datasets(scope: ScopeOf) -> list[DatasetAnswer]:
    """All datasets, the built-in ones first."""
    return [DatasetAnswer.of(row) for row in datasets.list_datasets(scope)]


@router.post("", status_code=HTTPStatus.CREATED, responses=MISSING | CONFLICT)
def register_dataset(body: Annotated[DatasetBody, Body(examples=[_REGISTER_EXAMPLE])], scope: ScopeOf) -> DatasetAnswer:
    """Make a dataset of a finished upload (`.npz`); its inspection is queued (state `preparing`)."""
    return DatasetAnswer.of(datasets.register_dataset(scope, body.upload_id, body.name))


@router.get("/{dataset_id}", responses=MISSING)
def get_dataset(dataset_id: PathId, scope: ScopeOf) -> DatasetAnswer:
    """One dataset with its counts, classes and shape."""
    return DatasetAnswer.of(datasets.get_dataset(scope, dataset_id))


@router.get(
    "/{dataset_id}/examples.png",
    response_class=StreamingResponse,
    responses=MISSING | CONFLICT | file_response("image/png", "A grid of training examples."),
)
def get_examples(dataset_id: PathId, scope: ScopeOf) -> StreamingResponse:
    """A grid of examples."""
    return send_download(datasets.open_examples(scope, dataset_id), is_inline=True)


@router.post("/{dataset_id}/prepare", responses=MISSING | CONFLICT)
def prepare_dataset(dataset_id: PathId, scope: ScopeOf) -> DatasetAnswer:
    """Try a dataset again whose preparation failed (no network or a full disk, for example)."""
    return DatasetAnswer.of(datasets.prepare_again(scope, dataset_id))


@router.delete("/{dataset_id}", status_code=HTTPStatus.NO_CONTENT, responses=MISSING | CONFLICT)
def delete_dataset(dataset_id: PathId, scope: ScopeOf) -> None:
    """Forget an uploaded dataset and its files."""
    datasets.delete_dataset(scope, dataset_id)
