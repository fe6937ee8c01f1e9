"""Health: whether the server answers, for supervisors; public, so it tells nothing else."""

from typing import Literal

from fastapi import APIRouter

from backend.api.dependencies import ScopeOf
from backend.api.schemas.common import Answer

router = APIRouter(tags=["health"])


class HealthAnswer(Answer):
    """The server and its database answer."""

    status: Literal["ok"] = "ok"


@router.get("/healthz")
def check_health(scope: ScopeOf) -> HealthAnswer:
    """Answer 200 when the database answers too, else 503."""
    scope.work.ping()
    return HealthAnswer()
