"""Floor 1: the doorbell that wakes workers, and the live events that browsers listen to."""

from backend.queue.bell import Doorbell
from backend.queue.celery_config import INTAKE_QUEUE, RUNS_QUEUE, celery_config, queue_of
from backend.queue.events import EventPublisher, LiveEvent
from backend.queue.stream import EventStream

__all__ = [
    "INTAKE_QUEUE",
    "RUNS_QUEUE",
    "Doorbell",
    "EventPublisher",
    "EventStream",
    "LiveEvent",
    "celery_config",
    "queue_of",
]
