"""Resumable uploads on their way in; the only module that knows where they lie."""

import errno
import fcntl
import json
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Literal

from pydantic import NonNegativeInt, ValidationError

from backend.db.base import new_id
from backend.domain.errors import Conflict, DiskFull, InvalidValue, NotFound, TooLarge
from backend.domain.spec import Spec

UploadKind = Literal["model", "dataset"]
STALE_AFTER_S = 3 * 24 * 3600.0
"""An upload that did not grow for so long is forgotten."""
RESERVE_BYTES = 256 * 1024**2
"""Free space that an upload must leave: the database and running jobs need it."""
_ID = re.compile(r"[0-9a-f]{32}")
_DISK_ERRORS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class Upload(Spec):
    """A file on its way in, and how much of it has come."""

    id: str
    kind: UploadKind
    file_name: str
    length: NonNegativeInt
    offset: NonNegativeInt = 0

    @property
    def is_complete(self) -> bool:
        """All bytes have come."""
        return self.offset == self.length


class UploadFolder:
    """Uploads by id: `<id>.json` says what is coming, `<id>.part` holds what has come; its size is the offset.

    The offset is read from the file itself, so that a process that is killed in the middle loses and doubles nothing.
    """

    def __init__(self, folder: Path, limit_bytes: int, reserve_bytes: int = RESERVE_BYTES) -> None:
        self._folder = folder
        self.limit_bytes = limit_bytes
        self._reserve_bytes = reserve_bytes

    def create(self, kind: UploadKind, file_name: str, length: int) -> Upload:
        """Announce a file of `length` bytes. Raises `InvalidValue`, `TooLarge` or `DiskFull` before a byte is sent."""
        if length == 0:
            raise InvalidValue(f"`{file_name}` is empty; choose a file that holds something.")
        if length > self.limit_bytes:
            raise TooLarge(f"`{file_name}` has {length:,} bytes; the limit is {self.limit_bytes:,}.")
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._check_space(length)
        upload = Upload(id=new_id(), kind=kind, file_name=file_name, length=length)
        with _disk_errors():
            self._data(upload.id).touch(mode=0o600, exist_ok=False)
            self._note(upload.id).write_text(upload.model_dump_json(exclude={"offset"}))
        return upload

    def get(self, upload_id: str) -> Upload:
        """An upload as it stands; raises `NotFound`."""
        try:
            note = json.loads(self._note(upload_id).read_text())
            return Upload(**note, offset=self._data(upload_id).stat().st_size)
        except (FileNotFoundError, ValidationError, ValueError) as error:
            raise NotFound("There is no such upload; start it again.") from error

    @contextmanager
    def appending(self, upload_id: str, offset: int) -> Iterator["UploadWriter"]:
        """Open an upload for more bytes from `offset` on; one writer at a time.

        Raises `NotFound`, or `Conflict` when another request is writing or `offset` is not where the upload stands.
        """
        self.get(upload_id)
        with self._data(upload_id).open("ab", buffering=0) as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise Conflict(
                    "Another request is sending this upload.",
                    hint="Let it end. If its connection is dead, try again in half a minute: then it is given up.",
                ) from error
            upload = self.get(upload_id)
            if offset != upload.offset:
                raise Conflict(f"The upload stands at byte {upload.offset:,}, not at {offset:,}.")
            writer = UploadWriter(file, upload, self._check_space)
            try:
                yield writer
            finally:
                with _disk_errors():
                    os.fsync(file.fileno())

    @contextmanager
    def finished(self, upload_id: str, kind: UploadKind) -> Iterator[tuple[Upload, Path]]:
        """A complete upload and its file, for as long as it takes to store it.

        Raises `NotFound`, `Conflict` while bytes are missing, `InvalidValue` when it was sent as something else.
        """
        upload = self.get(upload_id)
        if upload.kind != kind:
            raise InvalidValue(f"This upload was sent as a {upload.kind}, not as a {kind}.", field="upload_id")
        if not upload.is_complete:
            missing = upload.length - upload.offset
            raise Conflict(f"The upload of `{upload.file_name}` is not finished: {missing:,} bytes are missing.")
        yield upload, self._data(upload_id)

    def delete(self, upload_id: str) -> None:
        """Forget an upload; one that does not exist is fine."""
        for path in (self._note(upload_id), self._data(upload_id)):
            path.unlink(missing_ok=True)

    def sweep(self, stale_after_s: float = STALE_AFTER_S) -> int:
        """Forget uploads that did not grow for `stale_after_s`; returns how many."""
        oldest = time.time() - stale_after_s
        stale = set()
        for path in self._folder.iterdir() if self._folder.is_dir() else ():
            with suppress(FileNotFoundError):
                is_orphan = path.suffix == ".json" and not path.with_suffix(".part").exists()
                if _ID.fullmatch(path.stem) and (is_orphan or path.stat().st_mtime < oldest):
                    stale.add(path.stem)
        grown = {name for name in stale if self._grew_since(name, oldest)}
        for name in stale - grown:
            self.delete(name)
        return len(stale - grown)

    def _grew_since(self, upload_id: str, moment: float) -> bool:
        with suppress(FileNotFoundError):
            return self._data(upload_id).stat().st_mtime >= moment
        return False

    def _check_space(self, coming: int) -> None:
        free = shutil.disk_usage(self._folder).free
        if coming + self._reserve_bytes > free:
            raise DiskFull(
                f"There is not enough free disk space: {coming:,} bytes are coming, {free:,} are free, "
                f"and {self._reserve_bytes:,} are kept in reserve.",
                hint="Free some space, then continue the upload.",
            )

    def _note(self, upload_id: str) -> Path:
        return self._folder / f"{_checked(upload_id)}.json"

    def _data(self, upload_id: str) -> Path:
        return self._folder / f"{_checked(upload_id)}.part"


class UploadWriter:
    """Appends to one upload, within its length and the free space."""

    def __init__(self, file: BinaryIO, upload: Upload, check_space: Callable[[int], None]) -> None:
        self._file = file
        self._check_space = check_space
        self.upload = upload

    def write(self, data: bytes) -> None:
        """Append bytes. Raises `TooLarge` beyond the announced length, `DiskFull` when space runs out."""
        upload = self.upload
        if upload.offset + len(data) > upload.length:
            raise TooLarge(f"More bytes came than the {upload.length:,} that were announced.")
        self._check_space(len(data))
        with _disk_errors():
            written = 0
            while written < len(data):
                written += self._file.write(memoryview(data)[written:])
        self.upload = upload.model_copy(update={"offset": upload.offset + len(data)})


@contextmanager
def _disk_errors() -> Iterator[None]:
    """Say `DiskFull` where the operating system says so."""
    try:
        yield
    except OSError as error:
        if error.errno in _DISK_ERRORS:
            raise DiskFull("The disk is full.", hint="Free some space, then continue the upload.") from error
        raise


def _checked(upload_id: str) -> str:
    if not _ID.fullmatch(upload_id):
        raise NotFound("There is no such upload.")
    return upload_id
