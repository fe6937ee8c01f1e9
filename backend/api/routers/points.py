"""Operating points: their files, the formats that are made on demand, and their measured latency."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from fastapi.responses import StreamingResponse

from backend.api.dependencies import ScopeOf
from backend.api.documentation import CONFLICT, MISSING, file_response
from backend.api.downloads import send_download
from backend.api.schemas.common import PathId
from backend.api.schemas.figures import MAX_STEP
from backend.api.schemas.first_layers import FirstLayerAnswer
from backend.api.schemas.points import PointAnswer
from backend.domain.delivery import Format
from backend.domain.scores import ScoreDistribution
from backend.services import deliveries, reports
from backend.services.scope import Scope

router = APIRouter(prefix="/runs/{run_id}/points", tags=["operating points"], responses=MISSING)

PointIndex = Annotated[int, Path(ge=0, le=MAX_STEP, description="Index of the operating point; 0 is the dense one.")]
FileName = Annotated[str, Path(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$", examples=["model.safetensors"])]
_ORDERED: dict[int | str, dict[str, Any]] = {202: {"description": "The operating point; the job is on its way."}}


@router.get("")
def list_points(run_id: PathId, scope: ScopeOf) -> list[PointAnswer]:
    """Operating points so far, the dense network first, each with its files, its formats and its latency."""
    points = reports.list_points(scope, run_id)
    return [PointAnswer.of(entry, points.layout) for entry in points.entries] if points.layout else []


@router.get("/{index}")
def get_point(run_id: PathId, index: PointIndex, scope: ScopeOf) -> PointAnswer:
    """One operating point as it stands; ask again while a format or the latency is `queued` or `running`."""
    return _answer(scope, run_id, index)


@router.get("/{index}/first-layers")
def list_first_layers(run_id: PathId, index: PointIndex, scope: ScopeOf) -> list[FirstLayerAnswer]:
    """A picture for each layer that reads an input of the network: filters that are left, or inputs still read.

    Empty where there is nothing to draw (an embedding), and for points from before this was recorded.
    """
    return [FirstLayerAnswer.of(picture) for picture in reports.list_first_layers(scope, run_id, index)]


@router.get("/{index}/scores")
def get_scores(run_id: PathId, index: PointIndex, scope: ScopeOf) -> ScoreDistribution:
    """How the scores lay among which the last removal before the operating point chose, layer by layer.

    404 for the dense network, and for points from before scores were recorded.
    """
    return reports.get_scores(scope, run_id, index)


@router.post("/{index}/formats/{format}", status_code=HTTPStatus.ACCEPTED, responses=_ORDERED | CONFLICT)
def order_format(
    run_id: PathId,
    index: PointIndex,
    wanted: Annotated[Format, Path(alias="format", description="`pt2` or `onnx`; safetensors are always there.")],
    scope: ScopeOf,
) -> PointAnswer:
    """Have the operating point written in a format; asking twice is fine, and a failed one is tried again.

    It takes seconds (an ONNX model up to a quarter of a minute) and happens on a worker: ask for the operating point
    until the format's `standing` is `ready`, then download the file. An ONNX model is compared with the network on
    the test split first; one that differs is `failed` with `export_failed`, and the other files stay as they are.
    """
    deliveries.order_format(scope, run_id, index, wanted)
    return _answer(scope, run_id, index)


@router.post("/{index}/latency", status_code=HTTPStatus.ACCEPTED, responses=_ORDERED | CONFLICT)
def order_latency(run_id: PathId, index: PointIndex, scope: ScopeOf) -> PointAnswer:
    """Measure the latency of the operating point beside the dense network, in turn, on a worker's processor.

    Torch in eager mode and ONNX Runtime, batches of 1 and 64: median and quartiles, and the speedup of each round.
    It takes about 20 seconds; a finished run orders it for its last operating point by itself. Times on a machine
    that does other work at once spread more: the quartiles show it.
    """
    deliveries.order_latency(scope, run_id, index)
    return _answer(scope, run_id, index)


@router.get(
    "/{index}/files/{name}",
    response_class=StreamingResponse,
    responses=file_response("application/octet-stream", "The file."),
)
def download_file(run_id: PathId, index: PointIndex, name: FileName, scope: ScopeOf) -> StreamingResponse:
    """One file of an operating point: `model.safetensors`, `model.py`, `recipe.json`, `manifest.json`.

    `model.pt2` and `model.onnx` are there once they were ordered and made.
    """
    return send_download(reports.open_file(scope, run_id, index, name))


@router.get(
    "/{index}/bundle.zip",
    response_class=StreamingResponse,
    responses=CONFLICT | file_response("application/zip", "The operating point in the chosen formats."),
)
def download_bundle(
    run_id: PathId,
    index: PointIndex,
    scope: ScopeOf,
    formats: Annotated[
        list[Format] | None,
        Query(description="Repeat it for several, as in `?formats=safetensors&formats=onnx`; safetensors by default."),
    ] = None,
) -> StreamingResponse:
    """An operating point in some formats as one zip, with recipe and manifest.

    409 for a format that was not made yet: order it first.
    """
    return send_download(reports.open_bundle(scope, run_id, index, formats or [Format.SAFETENSORS]))


def _answer(scope: Scope, run_id: str, index: int) -> PointAnswer:
    return PointAnswer.of(*reports.get_point(scope, run_id, index))
