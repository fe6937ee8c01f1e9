"""Sending a file to a server by the tus protocol: in chunks, going on where an interrupted attempt stopped."""

import base64
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import httpx

from worker.server import Server, ServerRefusal, read, stranger, unreachable

CHUNK_BYTES = 8 * 1024**2
TRIES = 6
"""Attempts in a row that may fail before a push gives up; the next command goes on from there."""
_UPLOADS = "/api/uploads/"
_CHUNK_TYPE = "application/offset+octet-stream"
_CONFLICT, _LOCKED = 409, 423

Wait = Callable[[float], object]
Report = Callable[[int], object]


class UploadNotes:
    """Where unfinished uploads stand on their servers, remembered between commands in one small file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @classmethod
    def of_user(cls) -> "UploadNotes":
        """The file in the user's cache folder."""
        cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
        return cls(Path(cache) / "secateur" / "uploads.json")

    def find(self, key: str) -> str | None:
        """The upload's path on the server, or None."""
        found = self._read().get(key)
        return found if isinstance(found, str) else None

    def note(self, key: str, location: str) -> None:
        """Remember an upload."""
        self._write({**self._read(), key: location})

    def forget(self, key: str) -> None:
        """Forget an upload."""
        self._write({name: value for name, value in self._read().items() if name != key})

    def _read(self) -> dict[str, object]:
        try:
            notes = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return notes if isinstance(notes, dict) else {}

    def _write(self, notes: dict[str, object]) -> None:
        """A cache folder that cannot be written costs nothing but the memory of where an upload stood."""
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            fresh = self._path.with_suffix(".new")
            fresh.write_text(json.dumps(notes), encoding="utf-8")
            fresh.replace(self._path)


class Push:
    """One file on its way to one server."""

    def __init__(self, server: Server, file: Path, notes: UploadNotes, wait: Wait = time.sleep) -> None:
        self._server = server
        self._file = file
        self._notes = notes
        self._wait = wait
        self.name = os.fsencode(file.name).decode(errors="replace")
        """The file's, with `\N{REPLACEMENT CHARACTER}` for what is not UTF-8."""
        status = file.stat()
        self.size = status.st_size
        identity = json.dumps([server.url, str(file.resolve()), status.st_size, status.st_mtime_ns])
        self._key = hashlib.sha256(identity.encode()).hexdigest()

    def send(self, report: Report) -> str:
        """Send what is missing; `report` hears how many bytes have come. Returns the upload's id.

        Raises `ServerRefusal` when the server refuses the file, or cannot be reached any more.
        """
        location, start = self._resume() or (self._create(), 0)
        report(start)
        for offset in self._chunks(location, start):
            report(offset)
        self._notes.forget(self._key)
        return location.rstrip("/").rpartition("/")[2]

    def _chunks(self, location: str, offset: int) -> Iterator[int]:
        failures = 0
        with self._file.open("rb") as stream:
            while offset < self.size:
                stream.seek(offset)
                try:
                    offset, failures = self._append(location, offset, stream.read(CHUNK_BYTES)), 0
                except (httpx.TransportError, _OutOfStep) as error:
                    failures += 1
                    if failures == TRIES:
                        raise self._interrupted(error) from error
                    self._wait(2.0 ** (failures - 1))
                    offset = self._stands_at(location, offset)
                yield offset

    def _append(self, location: str, offset: int, data: bytes) -> int:
        headers = {"Upload-Offset": str(offset), "Content-Type": _CHUNK_TYPE, "Tus-Resumable": "1.0.0"}
        answer = self._server.send("PATCH", location, headers, content=data)
        if answer.status_code in {_CONFLICT, _LOCKED} or answer.is_server_error:
            raise _OutOfStep(f"it answered {answer.status_code}")
        read(answer)
        return self._offset(answer)

    def _create(self) -> str:
        metadata = ",".join(f"{key} {_encoded(value)}" for key, value in (("filename", self.name), _KIND))
        headers = {"Upload-Length": str(self.size), "Upload-Metadata": metadata, "Tus-Resumable": "1.0.0"}
        try:
            answer = self._server.send("POST", _UPLOADS, headers)
        except httpx.TransportError as error:
            raise unreachable(self._server.url, error) from error
        read(answer)
        location = str(answer.headers.get("Location", ""))
        if not location.startswith(_UPLOADS):
            raise stranger(self._server.url)
        self._notes.note(self._key, location)
        return location

    def _resume(self) -> tuple[str, int] | None:
        """Where an earlier command stopped; None when there was none, or the server has forgotten it."""
        location = self._notes.find(self._key)
        if location is None or not location.startswith(_UPLOADS):
            return None
        try:
            answer = self._server.send("HEAD", location)
        except httpx.TransportError as error:
            raise unreachable(self._server.url, error) from error
        if not answer.is_success or answer.headers.get("Upload-Length") != str(self.size):
            return None
        return location, self._offset(answer)

    def _stands_at(self, location: str, offset: int) -> int:
        """What the server has; the old offset while it does not answer."""
        try:
            answer = self._server.send("HEAD", location)
        except httpx.TransportError:
            return offset
        return self._offset(answer) if answer.is_success else offset

    def _offset(self, answer: httpx.Response) -> int:
        """How much the server has, in bytes."""
        offset = str(answer.headers.get("Upload-Offset", ""))
        if not offset.isdecimal():
            raise stranger(self._server.url)
        return int(offset)

    def _interrupted(self, error: Exception) -> ServerRefusal:
        return ServerRefusal(
            f"The upload of `{self.name}` was interrupted: {str(error) or type(error).__name__}.",
            hint="Give the same command again: it goes on where this one stopped.",
        )


class _OutOfStep(Exception):
    """The server stands elsewhere, or is busy with an earlier chunk."""


_KIND = ("kind", "model")


def _encoded(value: str) -> str:
    return base64.b64encode(value.encode()).decode()
