"""The unit of work: one transaction, all repositories, and messages that leave only after the commit."""

from collections.abc import Callable
from types import TracebackType
from typing import Self

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from backend.db.base import Base
from backend.db.repositories.api_tokens import ApiTokens
from backend.db.repositories.artifacts import Artifacts
from backend.db.repositories.datasets import Datasets
from backend.db.repositories.deliveries import Deliveries
from backend.db.repositories.jobs import Jobs
from backend.db.repositories.leases import Leases
from backend.db.repositories.models import Models
from backend.db.repositories.points import Points
from backend.db.repositories.sessions import Sessions
from backend.db.repositories.steps import Steps


class UnitOfWork:
    """`with UnitOfWork(sessions) as work:` commits when the block ends well, and rolls back when it raises.

    Nobody else commits. Rows stay readable after the block.
    """

    def __init__(self, sessions: sessionmaker[Session]) -> None:
        self._sessions = sessions
        self._callbacks: list[Callable[[], object]] = []

    def __enter__(self) -> Self:
        session = self._session = self._sessions()
        self._callbacks = []
        self.jobs = Jobs(session)
        self.leases = Leases(session)
        self.models = Models(session)
        self.datasets = Datasets(session)
        self.steps = Steps(session)
        self.points = Points(session)
        self.artifacts = Artifacts(session)
        self.deliveries = Deliveries(session)
        self.sessions = Sessions(session)
        self.api_tokens = ApiTokens(session)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._session.commit()
            else:
                self._session.rollback()
        finally:
            self._session.close()
        if kind is None:
            for callback in self._callbacks:
                callback()

    def after_commit(self, callback: Callable[[], object]) -> None:
        """Call `callback` once the transaction is committed; never, when it is not.

        The callback must not raise for an unreachable broker: what it announces is already true.
        """
        self._callbacks.append(callback)

    def refresh(self, row: Base) -> None:
        """Read a row again, after a statement that changed it in the database."""
        self._session.refresh(row)

    def ping(self) -> None:
        """Ask the database for anything; raises when it does not answer."""
        self._session.execute(select(1))

    def flush(self) -> None:
        """Send pending rows, so that the database fills in what it decides (times, defaults)."""
        self._session.flush()
