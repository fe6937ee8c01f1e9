"""Runs side by side."""

from typing import Annotated

from fastapi import APIRouter, Query

from backend.api.dependencies import ScopeOf
from backend.api.documentation import MISSING
from backend.api.schemas.common import Id
from backend.api.schemas.comparisons import ComparisonAnswer
from backend.figures import SizeAxis
from backend.figures.side_by_side import Split
from backend.services import comparisons

router = APIRouter(prefix="/comparison", tags=["comparison"], responses=MISSING)

MAX_RUNS = 60


@router.get("")
def compare_runs(
    run: Annotated[list[Id], Query(min_length=1, max_length=MAX_RUNS, description="Runs to compare, by id.")],
    scope: ScopeOf,
    x: Annotated[SizeAxis, Query(description="What accuracy is drawn against.")] = "macs",
    split: Annotated[Split, Query(description="Which accuracy is drawn.")] = "test",
) -> ComparisonAnswer:
    """Pruning runs side by side: those that differ in the seed alone become one line with its spread."""
    return ComparisonAnswer.of(comparisons.compare(scope, run, x, split))
