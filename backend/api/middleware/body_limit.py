"""Bodies are small and come soon, except the pieces of an upload, which are streamed to disk."""

import asyncio
import re
from collections.abc import Iterator

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Send
from starlette.types import Scope as AsgiScope

from backend.api.errors import BodyTimeout, answer_refusal
from backend.domain.errors import TooLarge

LIMIT_BYTES = 1 << 20
PATIENCE_S = 30.0
"""A body that has not come after so long is given up."""
_STREAMED = re.compile(r"/api/uploads/[0-9a-f]{32}")


class BodyLimit:
    """Reads a body as a whole, within a limit of size and time, before the application sees the request."""

    def __init__(self, app: ASGIApp, limit_bytes: int = LIMIT_BYTES, patience_s: float = PATIENCE_S) -> None:
        self._app = app
        self._limit_bytes = limit_bytes
        self._patience_s = patience_s

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        """Hand the body on, or refuse it."""
        if scope["type"] != "http" or _is_streamed(scope) or not _has_body(scope):
            await self._app(scope, receive, send)
            return
        try:
            messages = await asyncio.wait_for(self._read(scope, receive), self._patience_s)
        except TimeoutError:
            await answer_refusal(BodyTimeout("The request's body did not come in time."))(scope, receive, send)
            return
        except TooLarge as refusal:
            await answer_refusal(refusal, {"Connection": "close"})(scope, receive, send)
            return
        await self._app(scope, _Replay(iter(messages), receive), send)

    async def _read(self, scope: AsgiScope, receive: Receive) -> list[Message]:
        refusal = TooLarge(f"The request's body is larger than {self._limit_bytes:,} bytes.")
        announced = Headers(scope=scope).get("content-length", "0")
        if announced.isdecimal() and int(announced[:20]) > self._limit_bytes:
            raise refusal
        messages, size = [], 0
        while True:
            message = await receive()
            messages.append(message)
            size += len(message.get("body", b""))
            if size > self._limit_bytes:
                raise refusal
            if not message.get("more_body", False):
                return messages


class _Replay:
    """Hands out what was read, then whatever comes (a disconnection)."""

    def __init__(self, messages: Iterator[Message], receive: Receive) -> None:
        self._messages = messages
        self._receive = receive

    async def __call__(self) -> Message:
        """The next message."""
        message = next(self._messages, None)
        return await self._receive() if message is None else message


def _is_streamed(scope: AsgiScope) -> bool:
    return scope["method"] == "PATCH" and _STREAMED.fullmatch(scope["path"]) is not None


def _has_body(scope: AsgiScope) -> bool:
    headers = Headers(scope=scope)
    return "content-length" in headers or "transfer-encoding" in headers
