"""Bodies that do not come."""

import asyncio
from typing import Any

import httpx2

from backend.api.middleware.body_limit import BodyLimit


async def never_reached(scope: Any, receive: Any, send: Any) -> None:
    raise AssertionError("a body that did not come was handed on")


def test_a_body_that_does_not_come_is_given_up() -> None:
    sent: list[Any] = []

    async def hang() -> Any:
        await asyncio.Event().wait()

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/api/runs", "headers": [(b"content-length", b"10")]}
    asyncio.run(BodyLimit(never_reached, patience_s=0.01)(scope, hang, send))
    assert sent[0]["status"] == httpx2.codes.REQUEST_TIMEOUT
    assert b"body_timeout" in sent[1]["body"]
