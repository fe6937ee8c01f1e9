"""The private folder of a locked-down child, read by a parent that trusts nothing in it."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from backend.domain.errors import FailureCode, JobFailure


@dataclass(frozen=True)
class Workplace:
    """The folder; it is deleted with everything in it when the child's answer has been used."""

    folder: Path
    disk_bytes: int

    def used_bytes(self) -> int:
        """Size of all files in the folder (the child can make no folders)."""
        total = 0
        with os.scandir(self.folder) as entries:
            for entry in entries:
                try:
                    total += entry.stat(follow_symlinks=False).st_size
                except FileNotFoundError:
                    continue  # the child removed it in between
        return total

    def read(self, name: str, limit: int | None = None) -> bytes:
        """Content of a regular file of at most `limit` bytes that the child wrote.

        Raises JobFailure(PARSER_CRASH) when it is not there, no file or too large.
        """
        try:
            handle = os.open(self.folder / Path(name).name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise _not_as_promised(name) from error
        with os.fdopen(handle, "rb") as stream:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode) or status.st_size > (self.disk_bytes if limit is None else limit):
                raise _not_as_promised(name)
            return stream.read()


def _not_as_promised(name: str) -> JobFailure:
    return JobFailure(FailureCode.PARSER_CRASH, f"The process that opened the file left no usable `{name}`.")
