"""What the application holds for its requests: made once in the composition root, read by the dependencies."""

from dataclasses import dataclass

from sqlalchemy.orm import Session, sessionmaker

from backend.queue import EventStream
from backend.services.attempts import AttemptLimit
from backend.services.scope import Outside


@dataclass(frozen=True)
class Context:
    """Database sessions, the world outside, live events, and the limit on login attempts."""

    sessions: sessionmaker[Session]
    outside: Outside
    events: EventStream
    attempts: AttemptLimit
    version: str
    allowed_hosts: frozenset[str]
