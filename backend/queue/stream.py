"""The reading end of the live events: one reader per process, fanned out to any number of listeners."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any, NamedTuple

from pydantic import ValidationError
from redis import RedisError
from redis.asyncio import Redis

from backend.queue.celery_config import CONNECT_TIMEOUT_S
from backend.queue.events import BODY, STREAM_KEY, LiveEvent
from backend.queue.urls import redis_url

_LOG = logging.getLogger(__name__)

LISTENER_BACKLOG = 100
"""Events a listener may be behind; a slower one is disconnected and replays when it comes back."""
_BLOCK_MS = 1000
_RETRY_S = 1.0
_BATCH = 1000
_BEGINNING = "0-0"
_EVENT_ID = re.compile(r"[0-9]{1,16}-[0-9]{1,16}")


class StreamEvent(NamedTuple):
    """An event and its place in the stream (the `id:` of a server-sent event)."""

    stream_id: str
    event: LiveEvent


class EventStream:
    """`start()`, then `listen()` as often as you like; `stop()` ends all listeners at once."""

    def __init__(self, broker_url: str) -> None:
        self._redis = Redis.from_url(
            redis_url(broker_url),
            socket_timeout=CONNECT_TIMEOUT_S + _BLOCK_MS / 1000,
            socket_connect_timeout=CONNECT_TIMEOUT_S,
            decode_responses=True,
        )
        self._listeners: set[asyncio.Queue[StreamEvent | None]] = set()
        self._position: str | None = None
        self._pump: asyncio.Task[None] | None = None
        self._is_stopping = False

    async def start(self) -> None:
        """Begin to read: events published from now on reach the listeners."""
        with suppress(RedisError, OSError):
            self._position = await self._last_id()
        self._pump = asyncio.create_task(self._read_forever())

    def end_listeners(self) -> None:
        """End all listeners, and those that come later at once."""
        self._is_stopping = True
        for queue in tuple(self._listeners):
            _end(queue)

    async def stop(self) -> None:
        """End all listeners and the reader."""
        self.end_listeners()  # the Redis client can swallow a cancellation; then the next look at the flag ends it
        if self._pump is not None:
            self._pump.cancel()
            with suppress(asyncio.CancelledError):
                await self._pump
            self._pump = None
        await self._redis.aclose()

    async def listen(self, after: str | None = None) -> AsyncIterator[StreamEvent]:
        """Events as they come; with `after` (a `Last-Event-ID`) first those that were missed.

        An id that is none is ignored. The iterator ends when this listener falls too far behind, or at `stop()`.
        """
        if self._is_stopping:
            return
        queue: asyncio.Queue[StreamEvent | None] = asyncio.Queue(LISTENER_BACKLOG)
        self._listeners.add(queue)
        try:
            last = (0, 0)
            if after is not None and _EVENT_ID.fullmatch(after):
                for item in await self._missed(after):
                    last = _order(item.stream_id)
                    yield item
            while (live := await queue.get()) is not None:
                if _order(live.stream_id) > last:
                    yield live
        finally:
            self._listeners.discard(queue)

    async def _missed(self, after: str) -> list[StreamEvent]:
        try:
            return _parse(await self._redis.xrange(STREAM_KEY, min=f"({after}"))
        except (RedisError, OSError) as error:
            _LOG.warning("The broker is away, missed events cannot be replayed: %s", error)
            return []

    async def _last_id(self) -> str:
        newest: Any = await self._redis.xrevrange(STREAM_KEY, count=1)
        return str(newest[0][0]) if newest else _BEGINNING

    async def _read_forever(self) -> None:
        while not self._is_stopping:
            try:
                await self._read_once()
            except (RedisError, OSError) as error:
                _LOG.warning("The broker is away, live events pause: %s", error)
                await asyncio.sleep(_RETRY_S)

    async def _read_once(self) -> None:
        if self._position is None:
            self._position = await self._last_id()
        answer: Any = await self._redis.xread({STREAM_KEY: self._position}, count=_BATCH, block=_BLOCK_MS)
        streams = answer.values() if isinstance(answer, dict) else [entries for _key, entries in answer or ()]
        for entries in streams:
            self._position = entries[-1][0]
            for item in _parse(entries):
                self._fan_out(item)

    def _fan_out(self, item: StreamEvent) -> None:
        for queue in tuple(self._listeners):
            try:
                queue.put_nowait(item)
            except asyncio.QueueFull:
                self._listeners.discard(queue)
                _end(queue)


def _end(queue: asyncio.Queue[StreamEvent | None]) -> None:
    while not queue.empty():
        queue.get_nowait()
    queue.put_nowait(None)


def _order(stream_id: str) -> tuple[int, int]:
    milliseconds, _, number = stream_id.partition("-")
    return int(milliseconds), int(number)


def _parse(entries: Any) -> list[StreamEvent]:
    items = []
    for stream_id, fields in entries:
        try:
            items.append(StreamEvent(stream_id, LiveEvent.model_validate_json(fields[BODY])))
        except (KeyError, ValidationError):
            _LOG.warning("An entry of the event stream is not an event: %s", stream_id)
    return items
