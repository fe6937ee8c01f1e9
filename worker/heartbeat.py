"""The heartbeat: keeps a lease alive from a thread, and tells the job when to stop."""

import logging
import threading
import time
from types import TracebackType
from typing import Self

from backend.db import DATABASE_AWAY
from backend.db.repositories.leases import LEASE_S, Claim, LeaseLost
from worker.workshop import Workshop

_LOG = logging.getLogger(__name__)

BEAT_S = 5.0
"""Time between two renewals of the lease."""
LOOK_S = 0.2
"""Time between two looks at whether the user asked to cancel."""
_GIVE_UP_S = LEASE_S - BEAT_S
"""A worker that cannot reach the database for so long stops before its lease can be taken."""


class Heartbeat:
    """`with Heartbeat(workshop, claim) as heartbeat:` — then ask `should_stop()` as often as you like."""

    def __init__(self, workshop: Workshop, claim: Claim) -> None:
        self._workshop = workshop
        self._claim = claim
        self._ended = threading.Event()
        self._cancelled = threading.Event()
        self._lost = threading.Event()
        self._thread = threading.Thread(target=self._beat_forever, name=f"heartbeat {claim.job_id}", daemon=True)

    @property
    def is_cancelled(self) -> bool:
        """The user asked to cancel."""
        return self._cancelled.is_set()

    @property
    def is_lost(self) -> bool:
        """The lease is gone: nothing may be written any more."""
        return self._lost.is_set()

    def should_stop(self) -> bool:
        """The job must end now: cancelled, lost, or the worker is shutting down."""
        return self.is_cancelled or self.is_lost or self._workshop.is_shutting_down()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _beat_forever(self) -> None:
        renewed = reached = time.monotonic()
        while not self._ended.wait(LOOK_S) and not self.is_lost:
            now = time.monotonic()
            is_due = now - renewed >= BEAT_S
            try:
                self._look(is_due=is_due)
            except LeaseLost:
                self._lost.set()
            except DATABASE_AWAY as error:
                _LOG.warning("The database is away (job %s): %s", self._claim.job_id, error)
                if now - reached >= _GIVE_UP_S:
                    self._lost.set()
            except Exception:  # noqa: BLE001 - a job that nobody can stop any more must not go on
                _LOG.exception("The heartbeat of job %s failed", self._claim.job_id)
                self._lost.set()
            else:
                reached = now
                renewed = now if is_due else renewed

    def _look(self, *, is_due: bool) -> None:
        with self._workshop.work() as work:
            leases = work.leases
            if leases.renew(self._claim) if is_due else leases.is_cancel_requested(self._claim):
                self._cancelled.set()
