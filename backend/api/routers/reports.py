"""What runs leave behind: steps and figures."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query

from backend.api.dependencies import ScopeOf
from backend.api.documentation import MISSING
from backend.api.schemas.common import PathId
from backend.api.schemas.figures import MAX_STEP, FigureAnswer, FigureChoice
from backend.api.schemas.runs import StepPage
from backend.figures import to_wire
from backend.services import reports

router = APIRouter(prefix="/runs/{run_id}", tags=["reports"], responses=MISSING)

MAX_STEPS = 5000
FigureName = Literal[
    "accuracy",
    "widths",
    "architecture",
    "loss",
    "information",
    "instability",
    "calibration",
    "scores",
    "gates",
    "gate-gradients",
]


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


@router.get("/figures/{name}")
def draw_figure(
    run_id: PathId,
    name: FigureName,
    scope: ScopeOf,
    choice: Annotated[FigureChoice, Query()],
) -> FigureAnswer:
    """A figure of the run as far as it has come, for `Plotly.react`."""
    order = reports.FigureOrder(name, **choice.model_dump())
    return FigureAnswer.model_validate(to_wire(reports.draw_figure(scope, run_id, order)))
