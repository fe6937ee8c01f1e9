"""The session cookie: out of reach of scripts and of other sites."""

from fastapi import Response
from starlette.requests import cookie_parser
from starlette.types import Scope as AsgiScope

from backend.db.repositories.sessions import LIFETIME_S

COOKIE_NAME = "secateur_session"


def set_session_cookie(response: Response, token: str, *, is_secure: bool) -> None:
    """Hand a session's token to the browser."""
    response.set_cookie(
        COOKIE_NAME, token, max_age=int(LIFETIME_S), path="/", httponly=True, samesite="strict", secure=is_secure
    )


def clear_session_cookie(response: Response) -> None:
    """Take it back."""
    response.delete_cookie(COOKIE_NAME, path="/", httponly=True, samesite="strict")


def session_token(scope: AsgiScope) -> str | None:
    """The token that a request carries, or None."""
    for name, value in scope["headers"]:
        if name == b"cookie":
            token = cookie_parser(value.decode("latin-1")).get(COOKIE_NAME)
            if token:
                return token
    return None
