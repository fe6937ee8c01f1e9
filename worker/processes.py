"""What a parent process arranges for its children: die with it, and leave nothing behind."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable, Collection

import psutil

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


def _load_prctl() -> Callable[..., int] | None:
    """The C library's `prctl`, or None where the system has none (macOS)."""
    return ctypes.CDLL(None, use_errno=True).prctl if sys.platform == "linux" else None


_prctl = _load_prctl()


def die_with_parent(parent: int, death_signal: signal.Signals = signal.SIGTERM) -> None:
    """Ask the kernel to send `death_signal` to this process when its parent ends, even by `kill -9`.

    `parent` is the parent's process id, read before the fork: if it is already gone, this process ends now.
    Where the system cannot promise this (macOS), nothing happens.
    """
    if _prctl is None:
        return
    _prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def adopt_orphans() -> None:
    """Make this process the parent of every descendant whose own parent dies, so that none is lost from sight."""
    if _prctl is not None:
        _prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def kill_orphans(known: Collection[int]) -> None:
    """Kill and bury the adopted children of this process: all but those with a process id in `known`."""
    orphans = [process for process in psutil.Process().children() if process.pid not in known]
    for process in orphans:
        kill(process)
    psutil.wait_procs(orphans, timeout=1.0)


def kill_descendants(timeout: float = 2.0) -> None:
    """Kill every process below this one and wait up to `timeout` seconds for them to be gone."""
    descendants = psutil.Process().children(recursive=True)
    for process in descendants:
        kill(process)
    psutil.wait_procs(descendants, timeout=timeout)


def kill_tree(pid: int) -> None:
    """Kill the process `pid` and everything below it, if it is still there."""
    try:
        process = psutil.Process(pid)
        family = [*process.children(recursive=True), process]
    except psutil.NoSuchProcess:
        return
    for member in family:
        kill(member)


def kill(process: psutil.Process) -> None:
    """Kill one process; it is fine if it has gone meanwhile."""
    try:
        process.kill()
    except psutil.NoSuchProcess:
        return
