"""The data folder: one place for all state of an installation, used by one `secateur up` at a time."""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from backend.domain.errors import CannotStart

DEFAULT_FOLDER = Path("~/.local/share/secateur")
"""Where everything is kept unless SECATEUR_DATA or --data says otherwise."""
_ADDRESS_FILE = "address"
_DEFAULT_ADDRESS = "http://127.0.0.1:8000"


def default_database(folder: Path) -> str:
    """The address of the SQLite database in a data folder."""
    return f"sqlite:///{folder / 'secateur.db'}"


def note_address(folder: Path, address: str) -> None:
    """Remember where Secateur was started, for commands that name its address."""
    (folder / _ADDRESS_FILE).write_text(address, encoding="utf-8")


def last_address(folder: Path) -> str:
    """Where Secateur was started last on this folder; the default address if it never was."""
    file = folder / _ADDRESS_FILE
    return file.read_text(encoding="utf-8") if file.exists() else _DEFAULT_ADDRESS


def prepare_folder(folder: Path) -> Path:
    """Create `folder` (readable by its owner only) where it is missing; return its absolute path.

    Raises `CannotStart` where it cannot be created or written.
    """
    absolute = folder.expanduser().resolve()
    try:
        absolute.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise CannotStart(f"The data folder {absolute} cannot be created: {error.strerror}.") from error
    if not os.access(absolute, os.W_OK | os.X_OK):
        raise CannotStart(f"The data folder {absolute} cannot be written; choose another with --data.")
    return absolute


class FolderLock:
    """The right to run on a data folder, held until released or until this process ends."""

    def __init__(self, folder: Path, name: str = "lock") -> None:
        self._folder = folder
        self._path = folder / name
        self._descriptor: int | None = None

    def __enter__(self) -> Self:
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.read(descriptor, 32).decode(errors="replace").strip() or "unknown"
            os.close(descriptor)
            raise CannotStart(
                f"The data folder {self._folder} is in use by another Secateur (process {owner}).",
                hint="Stop that one, or choose another folder with --data.",
            ) from None
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        self._descriptor = descriptor
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
