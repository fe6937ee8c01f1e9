"""Models: what is uploaded, or trained here, and can be pruned."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Body
from fastapi.responses import StreamingResponse

from backend.api.dependencies import ScopeOf
from backend.api.documentation import CONFLICT, MISSING, file_response
from backend.api.downloads import send_download
from backend.api.schemas.common import EXAMPLE_ID, PathId
from backend.api.schemas.figures import FigureAnswer
from backend.api.schemas.models import ModelAnswer, ModelBody, ModelEntry
from backend.domain.network import ArchitectureMatch
from backend.figures import draw_architecture, to_wire
from backend.services import models

router = APIRouter(prefix="/models", tags=["models"])

_REGISTER_EXAMPLE = {"upload_id": EXAMPLE_ID, "name": "LeNet-5, seed 0"}
_CHOICE_EXAMPLE = {
    "architecture": "lenet300",
    "title": "LeNet-300-100",
    "input_shape": [1, 28, 28],
    "class_count": 10,
}


@router.get("")
def list_models(scope: ScopeOf) -> list[ModelEntry]:
    """All models, newest first, without their layers."""
    return [ModelEntry.of(row) for row in models.list_models(scope)]


@router.post("", status_code=HTTPStatus.CREATED, responses=MISSING | CONFLICT)
def register_model(body: Annotated[ModelBody, Body(examples=[_REGISTER_EXAMPLE])], scope: ScopeOf) -> ModelAnswer:
    """Make a model of a finished upload; its inspection is queued (state `inspecting`).

    The file is a state dict (`.safetensors`, `.pt`, `.pth`), an exported program (`.pt2`) or an ONNX model (`.onnx`).
    """
    return ModelAnswer.of(models.register_model(scope, body.upload_id, body.name))


@router.get("/{model_id}", responses=MISSING)
def get_model(model_id: PathId, scope: ScopeOf) -> ModelAnswer:
    """One model with its layers and its import report: what can go, what goes together, what is locked and why."""
    return ModelAnswer.of(models.get_model(scope, model_id))


@router.post("/{model_id}/architecture", responses=MISSING | CONFLICT)
def choose_architecture(
    model_id: PathId, choice: Annotated[ArchitectureMatch, Body(examples=[_CHOICE_EXAMPLE])], scope: ScopeOf
) -> ModelAnswer:
    """Pick one of the model's `matches`; it is inspected again as that architecture."""
    return ModelAnswer.of(models.choose_architecture(scope, model_id, choice))


@router.post("/{model_id}/inspect", responses=MISSING | CONFLICT)
def inspect_model(model_id: PathId, scope: ScopeOf) -> ModelAnswer:
    """Inspect a model again whose inspection failed (a full disk, for example): its file was kept."""
    return ModelAnswer.of(models.inspect_again(scope, model_id))


@router.delete("/{model_id}", status_code=HTTPStatus.NO_CONTENT, responses=MISSING | CONFLICT)
def delete_model(model_id: PathId, scope: ScopeOf) -> None:
    """Forget a model and its files; finished runs keep their results."""
    models.delete_model(scope, model_id)


@router.get("/{model_id}/figures/architecture", responses=MISSING | CONFLICT)
def draw_model(model_id: PathId, scope: ScopeOf) -> FigureAnswer:
    """The thick-and-thin picture: one block per layer, height = width, depth = share of the MACs."""
    return FigureAnswer.model_validate(to_wire(draw_architecture(models.get_summary(scope, model_id))))


@router.get(
    "/{model_id}/file",
    response_class=StreamingResponse,
    responses=MISSING | CONFLICT | file_response("application/octet-stream", "The tensors as safetensors."),
)
def download_model(model_id: PathId, scope: ScopeOf) -> StreamingResponse:
    """Download the model as `.safetensors`, whatever it was uploaded as."""
    return send_download(models.open_model_file(scope, model_id))
