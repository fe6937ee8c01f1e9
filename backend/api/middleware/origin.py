"""Requests must be addressed to this server by a name it knows, and must not come from foreign pages."""

import re
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as AsgiScope

from backend.api.credentials import bearer_token
from backend.api.errors import UnknownHost, answer_refusal
from backend.domain.errors import Forbidden, Refusal

LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "[::1]"})
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_PORT = re.compile(r":\d{1,5}$")


class OriginCheck:
    """Refuses foreign Host headers, and unsafe methods that a browser sends for another site's page."""

    def __init__(self, app: ASGIApp, allowed_hosts: frozenset[str]) -> None:
        self._app = app
        self._hosts = LOOPBACK_HOSTS | allowed_hosts

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        """Let the request pass, or refuse it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        refusal = self._find_refusal(scope)
        if refusal is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await answer_refusal(refusal)(scope, receive, send)

    def _find_refusal(self, scope: AsgiScope) -> Refusal | None:
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        if len(hosts) != 1 or _PORT.sub("", hosts[0].lower()) not in self._hosts:
            return UnknownHost(
                "This server does not answer to that name.",
                hint="Use 127.0.0.1, or start it with SECATEUR_ALLOWED_HOSTS set to the name.",
            )
        # No page can make a browser send somebody's API token along, so where one is sent the origin tells nothing.
        is_browser = scope["type"] != "http" or bearer_token(scope) is None
        if is_browser and scope.get("method") not in SAFE_METHODS and _is_foreign(headers, hosts[0].lower()):
            return Forbidden("This request came from another site's page.")
        return None


def _is_foreign(headers: Headers, host: str) -> bool:
    """A browser says where a request comes from; programs that are no browsers say nothing."""
    if headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        return True
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc.lower() != host
