"""The system call filter: a deny-list as a classic BPF program, built by hand and loaded through ctypes.

Source: Linux `Documentation/userspace-api/seccomp_filter.rst`; layouts from `linux/seccomp.h` and `linux/filter.h`.
"""

import ctypes
import errno
import os
import platform
import struct
from collections.abc import Iterator

from worker.sandbox.kernel import Unsupported, syscall
from worker.sandbox.syscalls import ARCHITECTURES, Architecture

LOAD_WORD = 0x20  # BPF_LD | BPF_W | BPF_ABS
JUMP_IF_EQUAL = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
JUMP_IF_AT_LEAST = 0x35  # BPF_JMP | BPF_JGE | BPF_K
JUMP_IF_ANY_BIT = 0x45  # BPF_JMP | BPF_JSET | BPF_K
RETURN = 0x06  # BPF_RET | BPF_K

KILL_PROCESS = 0x80000000
ALLOW = 0x7FFF0000
FAIL = 0x00050000  # SECCOMP_RET_ERRNO; the low 16 bits are the errno

SET_MODE_FILTER = 1
FLAG_ALL_THREADS = 1  # SECCOMP_FILTER_FLAG_TSYNC

CALL_NUMBER, AUDIT_CODE = 0, 4
"""Offsets in `struct seccomp_data`."""
CLONE_THREAD = 0x10000
CLONE_NAMESPACES = 0x7E020000  # CLONE_NEW{NS,CGROUP,UTS,IPC,USER,PID,NET}

Instruction = tuple[int, int, int, int]
"""Code, jump if true, jump if false, constant."""


def install_filter() -> None:
    """Refuse the deny-list from now on, in every thread; cannot be undone.

    Raises `Unsupported` on an unknown architecture or kernel. `no_new_privs` must be set before.
    """
    architecture = ARCHITECTURES.get(platform.machine())
    if architecture is None:
        raise Unsupported(f"no system call filter is written for {platform.machine()}")
    program = b"".join(struct.pack("=HBBI", *instruction) for instruction in build_filter(architecture, os.getpid()))
    memory = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("@HP", len(program) // struct.calcsize("=HBBI"), ctypes.addressof(memory))
    try:
        syscall("seccomp", architecture.seccomp, SET_MODE_FILTER, FLAG_ALL_THREADS, ctypes.c_char_p(header))
    except OSError as error:
        raise Unsupported(f"the kernel refused the system call filter ({error})") from error


def build_filter(architecture: Architecture, own_pid: int) -> list[Instruction]:
    """The whole program; anything that no rule names is allowed."""
    return [
        (LOAD_WORD, 0, 0, AUDIT_CODE),
        (JUMP_IF_EQUAL, 1, 0, architecture.audit_code),
        (RETURN, 0, 0, KILL_PROCESS),
        (LOAD_WORD, 0, 0, CALL_NUMBER),
        *_refuse_foreign_calls(architecture),
        *(part for number in architecture.denied() for part in _answer(number, FAIL | errno.EPERM)),
        *_answer(architecture.clone3, FAIL | errno.ENOSYS),
        *_threads_only(architecture.clone),
        *_first_argument_is(architecture.tgkill, own_pid),
        *_first_argument_is(architecture.prlimit64, 0),
        (RETURN, 0, 0, ALLOW),
    ]


def _refuse_foreign_calls(architecture: Architecture) -> Iterator[Instruction]:
    if architecture.foreign_calls_from is not None:
        yield (JUMP_IF_AT_LEAST, 0, 1, architecture.foreign_calls_from)
        yield (RETURN, 0, 0, FAIL | errno.EPERM)


def _answer(number: int, verdict: int) -> tuple[Instruction, ...]:
    return (JUMP_IF_EQUAL, 0, 1, number), (RETURN, 0, 0, verdict)


def _threads_only(clone: int) -> tuple[Instruction, ...]:
    """`clone` may make a thread, but no process and no namespace; glibc falls back to it when `clone3` is missing."""
    return (
        (JUMP_IF_EQUAL, 0, 5, clone),
        (LOAD_WORD, 0, 0, _argument(0)),
        (JUMP_IF_ANY_BIT, 1, 0, CLONE_NAMESPACES),
        (JUMP_IF_ANY_BIT, 1, 0, CLONE_THREAD),
        (RETURN, 0, 0, FAIL | errno.EPERM),
        (RETURN, 0, 0, ALLOW),
    )


def _first_argument_is(number: int, allowed: int) -> tuple[Instruction, ...]:
    """The call may only name `allowed` (a process id) in its first argument."""
    return (
        (JUMP_IF_EQUAL, 0, 4, number),
        (LOAD_WORD, 0, 0, _argument(0)),
        (JUMP_IF_EQUAL, 1, 0, allowed),
        (RETURN, 0, 0, FAIL | errno.EPERM),
        (RETURN, 0, 0, ALLOW),
    )


def _argument(position: int) -> int:
    """Offset of an argument's low half in `struct seccomp_data` (both architectures are little-endian)."""
    return 16 + 8 * position
