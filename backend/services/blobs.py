"""Blobs that nobody needs any more leave the store: not with the row that named them, but some time later.

Who stores bytes puts the blob first and commits the row that names it afterwards. In between no row tells that the blob
is wanted, only its age: every put makes it new again, and a new blob stays.
"""

from sqlalchemy.orm import Session, sessionmaker

from backend.db import UnitOfWork
from backend.storage import ArtifactStore

SWEEP_S = 60.0
"""Time between two looks for blobs that may go."""


def sweep_blobs(sessions: sessionmaker[Session], store: ArtifactStore) -> int:
    """Delete the dropped blobs that no row names, but for new ones: those wait; returns how many need no further look.

    It may run in any number of processes at once.
    """
    with UnitOfWork(sessions) as work:
        dropped = work.artifacts.list_dropped()
    done = [blob.id for blob in dropped if blob.is_named or store.delete_settled(blob.sha256)]
    if done:
        with UnitOfWork(sessions) as work:
            work.artifacts.forget_dropped(done)
    return len(done)
