"""What the sandbox holds on this machine: try what it forbids, from the inside, and report what got through."""

import ctypes
import errno
import os
import socket
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from pydantic import JsonValue

from backend.domain.errors import FailureCode, JobFailure
from worker.sandbox.landlock import interface_version
from worker.sandbox.limits import Limits
from worker.sandbox.parent import locked_down

MEBIBYTE = 2**20
PROBE_LIMITS = Limits(memory_bytes=512 * MEBIBYTE, disk_bytes=16 * MEBIBYTE, cpu_s=10, wall_s=20)


@dataclass(frozen=True)
class SelfTest:
    """Outcome of the self-test; the sandbox is sound when nothing leaked."""

    landlock_version: int
    blocked: tuple[str, ...]
    leaked: tuple[str, ...]
    problem: str = ""
    """Why the child could not be locked down at all; empty when it could."""
    can_start: bool = True
    """False where the child cannot even load its own code."""

    @property
    def is_sound(self) -> bool:
        """Everything that should be blocked is blocked."""
        return not self.leaked and not self.problem

    def describe(self) -> str:
        """One line for a log."""
        if self.is_sound:
            return f"sandbox: sound, {len(self.blocked)} escapes blocked (Landlock version {self.landlock_version})"
        cause = self.problem or f"These escapes are open: {', '.join(self.leaked)}."
        rest = "Only safetensors uploads are opened" if self.can_start else "No upload can be opened"
        return f"ERROR sandbox: {cause} {rest} on this machine."


def self_test() -> SelfTest:
    """Start a locked-down child that tries to get out; takes about a quarter of a second."""
    with tempfile.TemporaryDirectory(prefix="secateur-selftest-") as outside:
        secret = Path(outside) / "secret"
        secret.write_text("secret")
        arguments: dict[str, JsonValue] = {"secret": str(secret), "parent": os.getpid()}
        try:
            with locked_down("worker.sandbox.probes:attempt", None, arguments, PROBE_LIMITS) as (answer, _):
                outcome = cast("dict[str, bool]", answer)
        except JobFailure as failure:
            can_start = failure.code is not FailureCode.INTERNAL_ERROR
            return SelfTest(0, (), (), failure.detail, can_start=can_start)
    blocked = tuple(name for name, is_blocked in outcome.items() if is_blocked)
    leaked = tuple(name for name, is_blocked in outcome.items() if not is_blocked)
    return SelfTest(interface_version(), blocked, leaked)


def attempt(_: Path | None, folder: Path, arguments: dict[str, JsonValue]) -> dict[str, bool]:
    """Runs inside the child: for each escape, whether it was blocked."""
    secret, parent = Path(str(arguments["secret"])), int(cast("int", arguments["parent"]))
    escapes: dict[str, Callable[[], object]] = {
        "read /etc/passwd": Path("/etc/passwd").read_bytes,
        "read a file outside": secret.read_bytes,
        "write outside": lambda: secret.with_name("new").write_bytes(b"x"),
        "overwrite outside": lambda: secret.write_bytes(b"x"),
        "truncate outside": lambda: os.truncate(secret, 0),
        "delete outside": secret.unlink,
        "change mode outside": lambda: secret.chmod(0o777),
        "list the root": lambda: list(Path("/").iterdir()),
        "read the parent's environment": Path(f"/proc/{parent}/environ").read_bytes,
        "open TCP": lambda: socket.socket(socket.AF_INET),
        "open a unix socket": lambda: socket.socket(socket.AF_UNIX),
        "execute": lambda: os.execv("/bin/true", ["true"]),  # noqa: S606 - it must fail
        "run a command": lambda: _succeed(os.system("/bin/true")),  # noqa: S605 - it must fail
        "fork": _fork,
        "signal the parent": lambda: os.kill(parent, 0),
        "symbolic link": lambda: (folder / "link").symlink_to(secret),
        "hard link": lambda: os.link(secret, folder / "hard"),
        "trace the parent": lambda: _trace(parent),
        "write a huge file": lambda: _write_huge(folder / "huge"),
        "allocate far too much": lambda: bytearray(PROBE_LIMITS.memory_bytes),
    }
    return {name: _is_blocked(escape) for name, escape in escapes.items()}


def _is_blocked(escape: Callable[[], object]) -> bool:
    try:
        escape()
    except (OSError, MemoryError):
        return True
    return False


def _succeed(status: int) -> None:
    if status != 0:
        raise OSError(errno.EPERM, "the command did not run")


def _fork() -> None:
    if os.fork() == 0:
        os._exit(0)


def _trace(pid: int) -> None:
    attach = 16
    if ctypes.CDLL(None, use_errno=True).ptrace(attach, pid, None, None) < 0:
        raise OSError(ctypes.get_errno(), "ptrace")


def _write_huge(path: Path) -> None:
    try:
        with path.open("wb") as stream:
            stream.truncate(PROBE_LIMITS.disk_bytes + 1)
    finally:
        path.unlink(missing_ok=True)
