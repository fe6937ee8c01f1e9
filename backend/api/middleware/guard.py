"""Default deny: nothing but a short public list is answered without a session."""

from collections.abc import Callable
from urllib.parse import quote

from fastapi.responses import RedirectResponse
from sqlalchemy.exc import OperationalError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as AsgiScope

from backend.api.cookie import session_token
from backend.api.errors import answer_refusal, answer_unavailable
from backend.domain.errors import Unauthenticated

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

FindUser = Callable[[str], str | None]


class Guard:
    """Answers 401 unless the request is public or its cookie belongs to a live session."""

    def __init__(self, app: ASGIApp, find_user: FindUser) -> None:
        self._app = app
        self._find_user = find_user

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        """Let the request pass, or refuse it."""
        if scope["type"] == "lifespan" or is_public(scope):
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        token = session_token(scope)
        try:
            user = await run_in_threadpool(self._find_user, token) if token else None
        except OperationalError as error:
            await answer_unavailable(error)(scope, receive, send)
            return
        if user is None:
            await _refuse(scope, receive, send)
            return
        scope.setdefault("state", {})["user"] = user
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
