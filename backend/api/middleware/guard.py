"""Default deny: nothing but a short public list is answered without a session or an API token."""

from collections.abc import Callable
from urllib.parse import quote

from fastapi.responses import RedirectResponse
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as AsgiScope

from backend.api.credentials import Credential, read_credential
from backend.api.errors import answer_refusal, answer_unavailable
from backend.db import DATABASE_AWAY
from backend.domain.errors import TooManyRequests, Unauthenticated

PUBLIC_ROUTES: frozenset[tuple[str, str]] = frozenset(
    {
        ("GET", "/healthz"),
        ("HEAD", "/healthz"),
        ("GET", "/login"),
        ("HEAD", "/login"),
        ("GET", "/favicon.svg"),
        ("POST", "/api/login"),
    }
)
"""Method and exact path of everything that is answered to strangers."""
PUBLIC_FOLDER = "/assets/"
"""The built UI's scripts and styles: the same for everyone, without any data."""

API_FOLDER = "/api/"
"""Where an API token counts; pages are for browsers."""

Identify = Callable[[Credential, str], str | None]
"""From a credential and the caller's address to the user; None for nobody, `TooManyRequests` after many failures."""


class Guard:
    """Answers 401 unless the request is public, or its cookie or its API token is good."""

    def __init__(self, app: ASGIApp, identify: Identify) -> None:
        self._app = app
        self._identify = identify

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        """Let the request pass, or refuse it."""
        if scope["type"] == "lifespan" or is_public(scope):
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        credential = read_credential(scope)
        if credential is None or (credential.kind == "token" and not scope["path"].startswith(API_FOLDER)):
            await _refuse(scope, receive, send)
            return
        caller = scope["client"][0] if scope.get("client") else "unknown"
        try:
            user = await run_in_threadpool(self._identify, credential, caller)
        except TooManyRequests as refusal:
            await answer_refusal(refusal)(scope, receive, send)
            return
        except DATABASE_AWAY as error:
            await answer_unavailable(error)(scope, receive, send)
            return
        if user is None:
            await (_refuse if credential.kind == "session" else _refuse_token)(scope, receive, send)
            return
        scope.setdefault("state", {}).update(user=user, credential=credential.kind)
        await self._app(scope, receive, send)


def is_public(scope: AsgiScope) -> bool:
    """The request is on the public list."""
    if scope["type"] != "http":
        return False
    method, path = scope["method"], scope["path"]
    if (method, path) in PUBLIC_ROUTES:
        return True
    return method in {"GET", "HEAD"} and path.startswith(PUBLIC_FOLDER) and ".." not in path


async def _refuse(scope: AsgiScope, receive: Receive, send: Send) -> None:
    """401; a person who opens a page is sent to the login page instead."""
    is_page = scope["method"] == "GET" and not scope["path"].startswith("/api/")
    if is_page and "text/html" in Headers(scope=scope).get("accept", ""):
        response = RedirectResponse(f"/login?next={quote(scope['path'], safe='/')}", status_code=303)
        await response(scope, receive, send)
        return
    refusal = Unauthenticated("Log in first.", hint="Run `secateur login-url` and open the address that it prints.")
    await answer_refusal(refusal)(scope, receive, send)


async def _refuse_token(scope: AsgiScope, receive: Receive, send: Send) -> None:
    refusal = Unauthenticated(
        "This API token is wrong, was revoked, or is too old.",
        hint="Make a new one on the settings page, or with `secateur token create NAME` on the server.",
    )
    await answer_refusal(refusal, {"WWW-Authenticate": "Bearer"})(scope, receive, send)
