"""Landlock: which files this process may still reach, and that it reaches no network; through ctypes.

Source: Linux `Documentation/userspace-api/landlock.rst`; the system calls have one number on every architecture.
"""

import ctypes
import os
import stat
import struct
from collections.abc import Sequence
from pathlib import Path

from worker.sandbox.kernel import Unsupported, syscall

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
ASK_VERSION = 1
RULE_PATH_BENEATH = 1

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR, REMOVE_DIR, REMOVE_FILE = (1 << bit for bit in range(6))
MAKE_REGULAR = 1 << 8
REFER, TRUNCATE, IOCTL_DEVICE = 1 << 13, 1 << 14, 1 << 15
FIRST_VERSION_RIGHTS = (1 << 13) - 1
ADDED_RIGHTS = {2: REFER, 3: TRUNCATE, 5: IOCTL_DEVICE}
"""Version of the interface that brought a right -> the right."""
TCP_VERSION, SCOPE_VERSION = 4, 6
TCP_BIND_AND_CONNECT = 0b11
SCOPE_ABSTRACT_SOCKETS_AND_SIGNALS = 0b11

READ_RIGHTS = READ_FILE | READ_DIR
WORK_RIGHTS = READ_RIGHTS | WRITE_FILE | TRUNCATE | MAKE_REGULAR | REMOVE_FILE
"""In the private folder: files may come and go; no folders, links, devices or programs."""
FILE_RIGHTS = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEVICE
"""The rights that a rule on a single file may carry."""


def interface_version() -> int:
    """Landlock's version here, 1 or higher; raises `Unsupported` where there is none."""
    try:
        return syscall("landlock version", CREATE_RULESET, None, ctypes.c_size_t(0), ASK_VERSION)
    except OSError as error:
        raise Unsupported(f"Landlock is not available ({error})") from error


def restrict(readable: Sequence[Path], writable: Sequence[Path]) -> int:
    """Leave this thread and its later threads only these trees; paths that do not exist are skipped.

    Returns the interface version. Raises `Unsupported`. `no_new_privs` must be set before. Cannot be undone.
    """
    version = interface_version()
    handled = FIRST_VERSION_RIGHTS
    for since, right in ADDED_RIGHTS.items():
        handled |= right if version >= since else 0
    try:
        ruleset = _create_ruleset(version, handled)
        for path in readable:
            _allow(ruleset, path, READ_RIGHTS & handled)
        for path in writable:
            _allow(ruleset, path, WORK_RIGHTS & handled)
        syscall("landlock restrict", RESTRICT_SELF, ruleset, 0)
        os.close(ruleset)
    except OSError as error:
        raise Unsupported(f"Landlock refused the rules ({error})") from error
    return version


def _create_ruleset(version: int, handled: int) -> int:
    fields = [handled]
    if version >= TCP_VERSION:
        fields.append(TCP_BIND_AND_CONNECT)
    if version >= SCOPE_VERSION:
        fields.append(SCOPE_ABSTRACT_SOCKETS_AND_SIGNALS)
    attributes = struct.pack(f"={len(fields)}Q", *fields)
    return syscall("landlock ruleset", CREATE_RULESET, ctypes.c_char_p(attributes), ctypes.c_size_t(len(attributes)), 0)


def _allow(ruleset: int, path: Path, rights: int) -> None:
    try:
        handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except (FileNotFoundError, PermissionError):
        return
    try:
        if not stat.S_ISDIR(os.fstat(handle).st_mode):
            rights &= FILE_RIGHTS
        rule = ctypes.c_char_p(struct.pack("=Qi", rights, handle))
        syscall(f"landlock rule for {path}", ADD_RULE, ruleset, RULE_PATH_BENEATH, rule, 0)
    finally:
        os.close(handle)
