"""The thin bridge to the kernel: system calls through ctypes, with errors as exceptions."""

import ctypes
import os

PR_SET_PDEATHSIG = 1
PR_SET_NO_NEW_PRIVS = 38

_libc = ctypes.CDLL(None, use_errno=True)


class Unsupported(Exception):
    """A protection that the kernel or the machine lacks; the message names it."""


def syscall(purpose: str, number: int, *arguments: object) -> int:
    """Result of a system call; raises OSError that names `purpose`."""
    result: int = _libc.syscall(ctypes.c_long(number), *arguments)
    return _checked(purpose, result)


def prctl(purpose: str, option: int, value: int) -> int:
    """Result of `prctl(option, value)`; raises OSError that names `purpose`, `Unsupported` away from Linux."""
    if not hasattr(_libc, "prctl"):
        raise Unsupported("this system has no prctl")
    result: int = _libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0)
    return _checked(purpose, result)


def forbid_new_privileges() -> None:
    """No later program of this process gains rights; Landlock and seccomp require it without root."""
    prctl("no_new_privs", PR_SET_NO_NEW_PRIVS, 1)


def _checked(purpose: str, result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{purpose}: {os.strerror(number)}")
    return result
