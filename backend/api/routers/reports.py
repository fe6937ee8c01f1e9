"""What runs leave behind: steps, operating points, files, figures."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from fastapi.responses import StreamingResponse

from backend.api.dependencies import ScopeOf
from backend.api.documentation import MISSING, file_response
from backend.api.downloads import send_download
from backend.api.schemas.common import PathId
from backend.api.schemas.figures import FigureAnswer
from backend.api.schemas.runs import PointAnswer, StepPage
from backend.figures import SizeAxis, to_wire
from backend.services import reports

router = APIRouter(prefix="/runs/{run_id}", tags=["reports"], responses=MISSING)

MAX_STEP = 2**31 - 1
MAX_STEPS = 5000
FigureName = Literal["accuracy", "widths", "architecture", "loss"]
PointIndex = Annotated[int, Path(ge=0, le=MAX_STEP, description="Index of the operating point; 0 is the dense one.")]
FileName = Annotated[str, Path(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$", examples=["model.safetensors"])]


@router.get("/steps")
def list_steps(
    run_id: PathId,
    scope: ScopeOf,
    after: Annotated[int, Query(ge=0, le=MAX_STEP, description="Only steps that follow this one.")] = 0,
    limit: Annotated[int, Query(ge=1, le=MAX_STEPS)] = 1000,
    most: Annotated[
        int | None,
        Query(alias="max", ge=1, le=MAX_STEPS, description="Thin the whole run out to about so many steps."),
    ] = None,
) -> StepPage:
    """Steps of a run in order: a page of them, or with `max` the whole run thinned out."""
    if most is None:
        steps = reports.list_steps(scope, run_id, after, limit)
    else:
        steps = reports.sample_steps(scope, run_id, most)
    return StepPage(items=list(steps.records), total=steps.total)


@router.get("/points")
def list_points(run_id: PathId, scope: ScopeOf) -> list[PointAnswer]:
    """Operating points so far, the dense network first, each with its files."""
    points = reports.list_points(scope, run_id)
    return [PointAnswer.of(entry, points.layout) for entry in points.entries] if points.layout else []


@router.get("/figures/{name}")
def draw_figure(
    run_id: PathId,
    name: FigureName,
    scope: ScopeOf,
    x: Annotated[SizeAxis, Query(description="What accuracy is drawn against.")] = "sparsity",
    step: Annotated[
        int | None, Query(ge=0, le=MAX_STEP, description="Step that the architecture shows; 0 is the dense network.")
    ] = None,
) -> FigureAnswer:
    """A figure of the run as far as it has come, for `Plotly.react`."""
    order = reports.FigureOrder(name, x, step)
    return FigureAnswer.model_validate(to_wire(reports.draw_figure(scope, run_id, order)))


@router.get(
    "/points/{index}/files/{name}",
    response_class=StreamingResponse,
    responses=file_response("application/octet-stream", "The file."),
)
def download_file(run_id: PathId, index: PointIndex, name: FileName, scope: ScopeOf) -> StreamingResponse:
    """One file of an operating point: `model.safetensors`, `model.py`, `recipe.json` or `manifest.json`."""
    return send_download(reports.open_file(scope, run_id, index, name))


@router.get(
    "/points/{index}/bundle.zip",
    response_class=StreamingResponse,
    responses=file_response("application/zip", "All files of the operating point."),
)
def download_bundle(run_id: PathId, index: PointIndex, scope: ScopeOf) -> StreamingResponse:
    """All files of an operating point as one zip."""
    return send_download(reports.open_bundle(scope, run_id, index))
