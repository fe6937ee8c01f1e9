"""API tokens, for programs: made, listed and revoked by a person at a browser, never by a token."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Body, Depends, Request

from backend.api.dependencies import ScopeOf
from backend.api.documentation import MISSING
from backend.api.schemas.api_tokens import ApiTokenAnswer, ApiTokenBody, NewApiTokenAnswer
from backend.api.schemas.common import PathId
from backend.domain.errors import Forbidden
from backend.services import api_tokens


def require_session(request: Request) -> None:
    """Answer 403 to a program: a stolen token must not make others that outlive it."""
    if request.state.credential != "session":
        raise Forbidden(
            "An API token cannot make, list or revoke tokens.",
            hint="Do it on the settings page, or with `secateur token` on the server.",
        )


_EXAMPLE = {"name": "training server", "days": 90}

router = APIRouter(prefix="/tokens", tags=["tokens"], dependencies=[Depends(require_session)])


@router.get("")
def list_tokens(scope: ScopeOf) -> list[ApiTokenAnswer]:
    """All API tokens, newest first, without their secrets."""
    return [ApiTokenAnswer.of(row) for row in api_tokens.list_tokens(scope.work)]


@router.post("", status_code=HTTPStatus.CREATED)
def create_token(body: Annotated[ApiTokenBody, Body(examples=[_EXAMPLE])], scope: ScopeOf) -> NewApiTokenAnswer:
    """Make a token; the answer is the only place where its secret is ever shown."""
    return NewApiTokenAnswer.of_new(api_tokens.create_token(scope.work, body.name, body.days))


@router.delete("/{token_id}", status_code=HTTPStatus.NO_CONTENT, responses=MISSING)
def revoke_token(token_id: PathId, scope: ScopeOf) -> None:
    """Revoke a token; what uses it is refused from now on."""
    api_tokens.revoke_token(scope.work, token_id)
