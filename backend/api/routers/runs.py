"""Runs: order, list, watch, cancel, forget."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Body, Query
from fastapi.openapi.models import Example
from fastapi.responses import StreamingResponse

from backend.api.dependencies import ScopeOf
from backend.api.documentation import CONFLICT, MISSING, file_response
from backend.api.downloads import send_download
from backend.api.routers.recipes import RECIPE_EXAMPLE
from backend.api.schemas.common import EXAMPLE_ID, PathId
from backend.api.schemas.runs import PruneRunBody, RunAnswer, RunBody, RunPage, RunSummary
from backend.domain.jobs import JobState
from backend.services import runs

router = APIRouter(prefix="/runs", tags=["runs"])

MAX_PAGE = 200
MAX_OFFSET = 10_000_000
_EXAMPLES: dict[str, Example] = {
    "prune": {
        "summary": "Prune a model by a recipe",
        "value": {"kind": "prune", "model_id": EXAMPLE_ID, "dataset_id": EXAMPLE_ID, "recipe": RECIPE_EXAMPLE},
    },
    "sample": {
        "summary": "Train a reference network",
        "value": {"kind": "sample", "dataset_id": EXAMPLE_ID, "order": {"architecture": "lenet5", "seed": 0}},
    },
}


@router.get("")
def list_runs(
    scope: ScopeOf,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 50,
    offset: Annotated[int, Query(ge=0, le=MAX_OFFSET)] = 0,
    state: JobState | None = None,
) -> RunPage:
    """A page of runs, newest first."""
    page = runs.list_runs(scope, limit, offset, state)
    items = [RunSummary.of(entry) for entry in page.entries]
    return RunPage(items=items, total=page.total, limit=limit, offset=offset)


@router.post("", status_code=HTTPStatus.CREATED, responses=MISSING | CONFLICT)
def order_run(body: Annotated[RunBody, Body(openapi_examples=_EXAMPLES)], scope: ScopeOf) -> RunAnswer:
    """Queue a run.

    422 `data_mismatch` when the dataset does not fit the model, `target_unreachable` (with the nearest reachable
    point) when the recipe asks for more than the minimum widths allow.
    """
    if isinstance(body, PruneRunBody):
        return RunAnswer.of(runs.order_pruning(scope, body.model_id, body.dataset_id, body.recipe, body.name))
    return RunAnswer.of(runs.order_sample(scope, body.dataset_id, body.order, body.name))


@router.get("/{run_id}", responses=MISSING)
def get_run(run_id: PathId, scope: ScopeOf) -> RunAnswer:
    """One run as it stands."""
    return RunAnswer.of(runs.get_run(scope, run_id))


@router.post("/{run_id}/cancel", status_code=HTTPStatus.ACCEPTED, responses=MISSING | CONFLICT)
def cancel_run(run_id: PathId, scope: ScopeOf) -> RunAnswer:
    """Cancel a run: at once while it waits, else within one step. Asking twice is fine."""
    return RunAnswer.of(runs.cancel_run(scope, run_id))


@router.get(
    "/{run_id}/checkpoint",
    response_class=StreamingResponse,
    responses=MISSING | CONFLICT | file_response("application/octet-stream", "Safetensors."),
)
def download_checkpoint(run_id: PathId, scope: ScopeOf) -> StreamingResponse:
    """The last good state of a run that diverged, after the last step that was finite, as one safetensors file.

    `weights/NAME` are the network's tensors, `masks/GROUP` and `weight_masks/NAME` what was removed from it by then;
    the rest is what training would have gone on from. 404 for every other run: one that ended well has operating
    points instead. 409 while the run goes on.
    """
    return send_download(runs.open_checkpoint(scope, run_id))


@router.delete("/{run_id}", status_code=HTTPStatus.NO_CONTENT, responses=MISSING | CONFLICT)
def delete_run(run_id: PathId, scope: ScopeOf) -> None:
    """Forget a run that has ended, with its history and its files."""
    runs.delete_run(scope, run_id)
