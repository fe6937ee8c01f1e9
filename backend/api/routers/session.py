"""Logging in and out."""

from http import HTTPStatus

from fastapi import APIRouter, Request, Response

from backend.api.cookie import clear_session_cookie, session_token, set_session_cookie
from backend.api.dependencies import ContextOf, ScopeOf
from backend.api.documentation import TOO_MANY
from backend.api.schemas.session import LoginBody, SessionAnswer
from backend.db import UnitOfWork
from backend.domain.errors import Unauthenticated
from backend.services import accounts

router = APIRouter(tags=["session"])


@router.post("/login", status_code=HTTPStatus.NO_CONTENT, responses=TOO_MANY)
def log_in(body: LoginBody, request: Request, response: Response, context: ContextOf) -> None:
    """Exchange a one-time code for a session cookie.

    `secateur up` prints a code; `secateur login-url` makes another. A code is good for ten minutes and once.
    """
    caller = request.client.host if request.client else "unknown"
    context.attempts.check(caller)
    try:
        with UnitOfWork(context.sessions) as work:
            token = accounts.log_in(work, body.code)
    except Unauthenticated:
        context.attempts.note_failure(caller)
        raise
    set_session_cookie(response, token, is_secure=request.url.scheme == "https")


@router.get("/session")
def get_session(request: Request, context: ContextOf) -> SessionAnswer:
    """Who is logged in."""
    return SessionAnswer(
        user=request.state.user,
        version=context.version,
        upload_limit_bytes=context.outside.uploads.limit_bytes,
    )


@router.delete("/session", status_code=HTTPStatus.NO_CONTENT)
def log_out(request: Request, response: Response, scope: ScopeOf) -> None:
    """End the session at once, on all pages that use it."""
    accounts.log_out(scope.work, session_token(request.scope) or "")
    clear_session_cookie(response)
