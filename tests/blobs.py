"""What lies in a local artifact store, now and once its blobs are old enough to go."""

import os
import time

from sqlalchemy.orm import Session, sessionmaker

from backend.services.blobs import sweep_blobs
from backend.storage import ArtifactStore
from backend.storage.store import SETTLING_S


def blob_names(store: ArtifactStore) -> set[str]:
    """The sha256 of every blob."""
    assert store._root is not None
    return {path.name for path in store._root.rglob("*") if path.is_file()}


def age_blobs(store: ArtifactStore) -> None:
    """As if every blob had been put long ago."""
    assert store._root is not None
    before = time.time() - SETTLING_S - 1
    for path in store._root.rglob("*"):
        os.utime(path, (before, before))


def sweep_later(sessions: sessionmaker[Session], store: ArtifactStore) -> set[str]:
    """The blobs that are left when the server looks after a long while."""
    age_blobs(store)
    sweep_blobs(sessions, store)
    return blob_names(store)
