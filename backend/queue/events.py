"""Live events: what changed, so that a browser asks again for exactly that."""

import logging
from typing import Literal

import redis
from pydantic import Field, JsonValue

from backend.domain.spec import Spec
from backend.queue.celery_config import CONNECT_TIMEOUT_S, KEY_PREFIX
from backend.queue.urls import redis_url

_LOG = logging.getLogger(__name__)

STREAM_KEY = f"{KEY_PREFIX}events"
STREAM_LENGTH = 10_000
"""Events kept (about) for listeners that come back with a `Last-Event-ID`."""
BODY = "event"


class LiveEvent(Spec):
    """Something that was committed."""

    type: Literal["state", "step", "point"]
    kind: Literal["run", "model", "dataset"]
    id: str
    """Id of the run, model or dataset."""
    data: dict[str, JsonValue] = Field(default_factory=dict)
    """A few figures for display (state; or step, progress, loss, accuracy ...); the truth is in the database."""


class EventPublisher:
    """Writes to the stream; call it after the commit."""

    def __init__(self, broker_url: str) -> None:
        self._redis = redis.Redis.from_url(
            redis_url(broker_url), socket_timeout=CONNECT_TIMEOUT_S, socket_connect_timeout=CONNECT_TIMEOUT_S
        )

    def publish(self, event: LiveEvent) -> bool:
        """Append an event; false when the broker is away (a browser then learns of it by asking)."""
        fields = {BODY: event.model_dump_json()}
        try:
            self._redis.xadd(STREAM_KEY, fields, maxlen=STREAM_LENGTH, approximate=True)  # type: ignore[arg-type]
        except (redis.RedisError, OSError) as error:
            _LOG.warning("The broker is away, a live event is lost: %s", error)
            return False
        return True

    def close(self) -> None:
        """Drop the connection."""
        self._redis.close()
