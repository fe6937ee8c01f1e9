"""Checkpoints of running jobs: one per job and epoch, so that a worker that lost its lease cannot overwrite.

A worker adopts the newest checkpoint under its own epoch before it begins; what an older epoch writes later is
never read again.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

import obstore
from obstore.store import ObjectStore

from backend.storage.durable import write_durably

_NAME = re.compile(r"(?P<job>[0-9a-f]{32})\.(?P<epoch>[0-9]{10})")
_EPOCH_DIGITS = 10
_PIECE_BYTES = 1 << 20


class Checkpoints(Protocol):
    """Where checkpoints lie."""

    def names(self, job_id: str) -> list[str]:
        """Names of a job's checkpoints, oldest epoch first."""

    def read(self, name: str) -> bytes:
        """The bytes of a checkpoint."""

    def chunks(self, name: str) -> Iterator[bytes]:
        """The bytes of a checkpoint in pieces; whether it is there is noticed here, not at the first piece."""

    def write(self, name: str, data: bytes) -> None:
        """Replace a checkpoint atomically and durably. Raises `DiskFull`."""

    def delete(self, name: str) -> None:
        """Remove a checkpoint, if it is there."""

    def clear(self, job_id: str) -> None:
        """Remove all that a job left, unfinished writes too."""


def checkpoint_name(job_id: str, epoch: int) -> str:
    """Name of the checkpoint that the holder of `epoch` writes; sorts by epoch. Raises `ValueError` for no id."""
    name = f"{job_id}.{epoch:0{_EPOCH_DIGITS}d}"
    if not _NAME.fullmatch(name):
        raise ValueError(f"{job_id!r} is not a job id")
    return name


class LocalCheckpoints:
    """Checkpoints as files of one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def names(self, job_id: str) -> list[str]:
        """Names of a job's checkpoints, oldest epoch first."""
        return sorted(path.name for path in self._folder.glob(f"{job_id}.*") if _NAME.fullmatch(path.name))

    def read(self, name: str) -> bytes:
        """The bytes of a checkpoint."""
        return (self._folder / name).read_bytes()

    def chunks(self, name: str) -> Iterator[bytes]:
        """The bytes of a checkpoint in pieces."""
        return _pieces((self._folder / name).open("rb"))

    def write(self, name: str, data: bytes) -> None:
        """Replace a checkpoint atomically and durably. Raises `DiskFull`."""
        write_durably(self._folder / name, data)

    def delete(self, name: str) -> None:
        """Remove a checkpoint, if it is there."""
        (self._folder / name).unlink(missing_ok=True)

    def clear(self, job_id: str) -> None:
        """Remove all that a job left, unfinished writes too."""
        for path in self._folder.glob(f"{job_id}.*"):
            path.unlink(missing_ok=True)


class RemoteCheckpoints:
    """Checkpoints as objects of a store that several machines share; a put is atomic there."""

    _PREFIX = "checkpoints"

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def names(self, job_id: str) -> list[str]:
        """Names of a job's checkpoints, oldest epoch first."""
        pages = obstore.list(self._store, prefix=f"{self._PREFIX}/{job_id}")
        return sorted(entry["path"].rpartition("/")[2] for page in pages for entry in page)

    def read(self, name: str) -> bytes:
        """The bytes of a checkpoint."""
        return bytes(obstore.get(self._store, self._key(name)).bytes())

    def chunks(self, name: str) -> Iterator[bytes]:
        """The bytes of a checkpoint in pieces."""
        return (bytes(piece) for piece in obstore.get(self._store, self._key(name)).stream())

    def write(self, name: str, data: bytes) -> None:
        """Replace a checkpoint atomically and durably."""
        obstore.put(self._store, self._key(name), data)

    def delete(self, name: str) -> None:
        """Remove a checkpoint, if it is there."""
        obstore.delete(self._store, self._key(name))

    def clear(self, job_id: str) -> None:
        """Remove all that a job left."""
        for name in self.names(job_id):
            self.delete(name)

    def _key(self, name: str) -> str:
        job_id = name.partition(".")[0]
        return f"{self._PREFIX}/{job_id}/{name}"


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while piece := file.read(_PIECE_BYTES):
            yield piece
