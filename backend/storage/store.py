"""The artifact store: content-addressed blobs on a local disk or an S3 bucket, and checkpoints of running jobs."""

import hashlib
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit

import obstore
from obstore.exceptions import NotFoundError
from obstore.store import LocalStore, ObjectStore, from_url

from backend.domain.errors import NotFound
from backend.storage.checkpoints import Checkpoints, LocalCheckpoints, RemoteCheckpoints, checkpoint_name
from backend.storage.durable import disk_full, full_disks_refused, sync_file

CHUNK_BYTES = 1 << 20
RESERVED_BYTES = 64 << 20
"""Never filled: the database and its log must stay writable."""
SETTLING_S = 3600.0
"""Far longer than it takes from the beginning of a put to the commit of the row that names the blob."""
_UNTAME = re.compile(r"[^\w.-]", re.ASCII)
_NAME_LENGTH = 100
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Blob:
    """Immutable bytes, named by what they are."""

    sha256: str
    size: int


class ArtifactStore:
    """Blobs by sha256. `url` is `file:///folder` or `s3://bucket/prefix` (credentials from the AWS variables).

    With a local store, checkpoints lie in `checkpoint_folder`; with a bucket they lie there too, for all workers.
    Writing raises `DiskFull` when there is no room, reading raises `NotFound` for a blob that is gone.
    """

    def __init__(self, url: str, checkpoint_folder: Path) -> None:
        self._root = _local_folder(url)
        self._checkpoints: Checkpoints
        self._store: ObjectStore
        if self._root is None:
            self._store = from_url(url)
            self._checkpoints = RemoteCheckpoints(self._store)
        else:
            self._root.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._store = LocalStore(self._root)
            self._checkpoints = LocalCheckpoints(checkpoint_folder)

    def put_bytes(self, data: bytes) -> Blob:
        """Keep `data`; the same bytes are kept once, and are new again."""
        blob = Blob(hashlib.sha256(data).hexdigest(), len(data))
        self._put(blob, data)
        return blob

    def put_file(self, path: Path) -> Blob:
        """Keep a copy of a file, read in chunks; the file stays where it is."""
        digest, size = hashlib.sha256(), 0
        with path.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                digest.update(chunk)
                size += len(chunk)
        blob = Blob(digest.hexdigest(), size)
        self._put(blob, path)
        return blob

    def read(self, sha256: str) -> bytes:
        """All bytes of a blob."""
        try:
            return bytes(obstore.get(self._store, _key(sha256)).bytes())
        except (NotFoundError, FileNotFoundError) as error:
            raise _gone() from error

    def size(self, sha256: str) -> int:
        """Bytes of a blob."""
        try:
            return int(obstore.head(self._store, _key(sha256))["size"])
        except (NotFoundError, FileNotFoundError) as error:
            raise _gone() from error

    def stream(self, sha256: str, start: int = 0) -> Iterator[bytes]:
        """A blob in chunks, from byte `start` on; a missing blob is noticed here, not at the first chunk."""
        size = self.size(sha256)
        return self._chunks(sha256, start, size)

    def local_copy(self, sha256: str, folder: Path, name: str = "") -> Path:
        """A copy of a blob as a file in `folder`, under a tame form of `name` (messages quote it), else its hash."""
        path = folder / (_UNTAME.sub("_", name).strip("._")[:_NAME_LENGTH] or _checked(sha256))
        with full_disks_refused(), path.open("wb") as file:
            for chunk in self.stream(sha256):
                file.write(chunk)
        return path

    def delete_settled(self, sha256: str) -> bool:
        """Remove a blob that no row names, unless it was put in the last `SETTLING_S`; false where it stays for now."""
        try:
            put = obstore.head(self._store, _key(sha256))["last_modified"]
            if datetime.now(UTC) - put < timedelta(seconds=SETTLING_S):
                return False
            obstore.delete(self._store, _key(sha256))
        except (NotFoundError, FileNotFoundError):
            return True
        return True

    def save_checkpoint(self, job_id: str, data: bytes, *, epoch: int) -> None:
        """Replace the checkpoint that the holder of `epoch` writes, atomically and durably."""
        self.check_space(len(data))
        self._checkpoints.write(checkpoint_name(job_id, epoch), data)

    def load_checkpoint(self, job_id: str, *, epoch: int) -> bytes | None:
        """The newest checkpoint of a job, adopted: from now on only writes of `epoch` change what is loaded."""
        own = checkpoint_name(job_id, epoch)
        names = [name for name in self._checkpoints.names(job_id) if name <= own]
        if not names:
            return None
        data = self._checkpoints.read(names[-1])
        if names[-1] != own:
            self.save_checkpoint(job_id, data, epoch=epoch)
            for name in names:
                self._checkpoints.delete(name)
        return data

    def stream_checkpoint(self, job_id: str) -> Iterator[bytes]:
        """The newest checkpoint of a job in pieces; it stays whose it is. Raises `NotFound` where there is none."""
        try:
            return self._checkpoints.chunks(self._checkpoints.names(job_id)[-1])
        except (IndexError, NotFoundError, FileNotFoundError) as error:
            raise NotFound("This run keeps no checkpoint: only one that diverged keeps its last good one.") from error

    def delete_checkpoint(self, job_id: str) -> None:
        """Remove all checkpoints of a job that has ended."""
        self._checkpoints.clear(job_id)

    def free_bytes(self) -> int | None:
        """Bytes that may still be written; None for a bucket, which has no limit."""
        if self._root is None:
            return None
        return max(0, shutil.disk_usage(self._root).free - RESERVED_BYTES)

    def check_space(self, size: int) -> None:
        """Raise `DiskFull` unless `size` more bytes fit."""
        free = self.free_bytes()
        if free is not None and size > free:
            raise disk_full()

    def _put(self, blob: Blob, content: bytes | Path) -> None:
        self.check_space(blob.size)
        key = _key(blob.sha256)
        with full_disks_refused():
            obstore.put(self._store, key, content)
        if self._root is not None:
            sync_file(self._root / key)

    def _chunks(self, sha256: str, start: int, size: int) -> Iterator[bytes]:
        for begin in range(start, size, CHUNK_BYTES):
            end = min(begin + CHUNK_BYTES, size)
            yield bytes(obstore.get_range(self._store, _key(sha256), start=begin, end=end))


def _local_folder(url: str) -> Path | None:
    parts = urlsplit(url)
    return Path(unquote(parts.path)) if parts.scheme == "file" else None


def _checked(sha256: str) -> str:
    if not _SHA256.fullmatch(sha256):
        raise _gone()
    return sha256


def _key(sha256: str) -> str:
    return f"blobs/{_checked(sha256)[:2]}/{sha256}"


def _gone() -> NotFound:
    return NotFound("The file is not in the store (any more).")
