"""Live events by server-sent events: what changed, so that a page asks again for exactly that."""

import asyncio
import time
from collections.abc import AsyncIterable, AsyncIterator, Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool

from backend.api.context import Context
from backend.api.credentials import Credential, find_user, read_credential
from backend.api.dependencies import ContextOf, ScopeOf
from backend.api.documentation import MISSING
from backend.api.schemas.common import PathId
from backend.db import UnitOfWork
from backend.queue import LiveEvent
from backend.queue.stream import StreamEvent
from backend.services import runs

router = APIRouter(prefix="/runs", tags=["events"])

SESSION_CHECK_S = 10.0
"""A stream whose session has ended, or whose token was revoked, closes within this time."""
RETRY_MS = 1000

LastEventId = Annotated[str | None, Header(max_length=40, description="The browser sends it when it reconnects.")]


@router.get("/events", response_class=EventSourceResponse)
async def follow_all(
    request: Request, context: ContextOf, last_event_id: LastEventId = None
) -> AsyncIterable[ServerSentEvent]:
    """State changes of all runs, models and datasets: `{"type", "kind", "id"}` and a few figures."""
    async for item in _follow(request, context, last_event_id, lambda event: event.type != "step"):
        yield _to_sse(item)


async def require_run(run_id: PathId, scope: ScopeOf) -> None:
    """Answer 404 before a stream begins."""
    await run_in_threadpool(runs.get_run, scope, run_id)


@router.get(
    "/{run_id}/events",
    response_class=EventSourceResponse,
    responses=MISSING,
    dependencies=[Depends(require_run, scope="function")],
)
async def follow_run(
    run_id: PathId, request: Request, context: ContextOf, last_event_id: LastEventId = None
) -> AsyncIterable[ServerSentEvent]:
    """Events of one run: `state`, `step`, `point`; after a reconnection those that were missed come first."""
    async for item in _follow(request, context, last_event_id, lambda event: event.id == run_id):
        yield _to_sse(item)


async def _follow(
    request: Request, context: Context, after: str | None, is_wanted: Callable[[LiveEvent], bool]
) -> AsyncIterator[StreamEvent]:
    """Wanted events until the listener falls behind, the server stops, or the session ends."""
    credential = read_credential(request.scope)
    listener = context.events.listen(after)
    upcoming = asyncio.ensure_future(anext(listener, None))
    checked_at = time.monotonic()
    try:
        while True:
            await asyncio.wait({upcoming}, timeout=SESSION_CHECK_S)
            if time.monotonic() - checked_at >= SESSION_CHECK_S:
                if not await run_in_threadpool(_is_live, context, credential):
                    return
                checked_at = time.monotonic()
            if not upcoming.done():
                continue
            item = upcoming.result()
            if item is None:
                return
            upcoming = asyncio.ensure_future(anext(listener, None))
            if is_wanted(item.event):
                yield item
    finally:
        upcoming.cancel()
        await asyncio.wait({upcoming})


def _is_live(context: Context, credential: Credential | None) -> bool:
    with UnitOfWork(context.sessions) as work:
        return credential is not None and find_user(work, credential) is not None


def _to_sse(item: StreamEvent) -> ServerSentEvent:
    data = item.event.model_dump(mode="json")
    return ServerSentEvent(data=data, event=item.event.type, id=item.stream_id, retry=RETRY_MS)
