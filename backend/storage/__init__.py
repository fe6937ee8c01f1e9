"""Floor 1: the artifact store, the only code that knows paths and keys."""

from backend.storage.store import ArtifactStore, Blob

__all__ = ["ArtifactStore", "Blob"]
