"""Files that survive a crash at any instant: written aside, synced, renamed, and the folder synced."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from backend.domain.errors import DiskFull

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_FULL_TEXTS = tuple(f"(os error {number})" for number in sorted(_FULL))
PARTIAL_SUFFIX = ".partial"


def disk_full() -> DiskFull:
    """The refusal that every full disk becomes."""
    return DiskFull(
        "The disk is full.", hint="Delete runs or models that are no longer needed, or free space otherwise."
    )


def is_disk_full(error: BaseException) -> bool:
    """An error of the operating system, or of the object store, that means: no space left."""
    if isinstance(error, OSError) and error.errno in _FULL:
        return True
    return any(text in str(error) for text in _FULL_TEXTS)


@contextmanager
def full_disks_refused() -> Iterator[None]:
    """Turn errors that mean `no space left` into `DiskFull`."""
    try:
        yield
    except Exception as error:
        if is_disk_full(error):
            raise disk_full() from error
        raise


def write_durably(path: Path, data: bytes) -> None:
    """Replace `path` as a whole: after a crash it holds either the old bytes or the new ones. Raises `DiskFull`."""
    partial = path.with_name(path.name + PARTIAL_SUFFIX)
    try:
        with full_disks_refused(), partial.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_file(path: Path) -> None:
    """Make a finished file and its name durable."""
    with full_disks_refused(), path.open("rb") as file:
        os.fsync(file.fileno())
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make renames inside a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
