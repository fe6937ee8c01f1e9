"""The doorbell: tells some worker that a job waits in the database. A lost bell costs seconds, never a job."""

import logging

import redis
from celery import Celery
from kombu.exceptions import OperationalError

from backend.domain.jobs import JobKind
from backend.queue.celery_config import CONNECT_TIMEOUT_S, KEY_PREFIX, TASK_NAME, celery_config, queue_of
from backend.queue.urls import redis_url

_LOG = logging.getLogger(__name__)


class Doorbell:
    """Rings over the broker; call it after the commit that queued the job."""

    def __init__(self, broker_url: str) -> None:
        self._app = Celery("secateur", set_as_current=False)
        self._app.conf.update(celery_config(broker_url))
        self._redis = redis.Redis.from_url(
            redis_url(broker_url), socket_timeout=CONNECT_TIMEOUT_S, socket_connect_timeout=CONNECT_TIMEOUT_S
        )

    def ring(self, job_id: str, kind: JobKind) -> bool:
        """Announce a queued job; false when the broker is away (the reaper rings again)."""
        try:
            self._app.send_task(TASK_NAME, args=[job_id], queue=queue_of(kind))
        except (OperationalError, redis.RedisError, OSError) as error:
            _LOG.warning("The broker is away, job %s is announced later: %s", job_id, error)
            return False
        return True

    def waiting(self, queue: str) -> int:
        """Bells that no worker has heard yet; 0 when the broker is away."""
        try:
            return int(self._redis.llen(f"{KEY_PREFIX}{queue}"))
        except (redis.RedisError, OSError) as error:
            _LOG.warning("The broker is away: %s", error)
            return 0

    def is_reachable(self) -> bool:
        """The broker answers."""
        try:
            return bool(self._redis.ping())
        except (redis.RedisError, OSError):
            return False

    def close(self) -> None:
        """Drop the connections."""
        self._app.close()
        self._redis.close()
