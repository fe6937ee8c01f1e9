"""Arrays out of an untrusted `.npz`: the archive is judged before anything is unpacked, and no object is unpickled.

Source: `numpy.lib.format`; a `.npz` is a zip archive of `.npy` members.
"""

import math
import zipfile
import zlib
from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np
from numpy.lib import format as npy

from worker.data.labeled import Array
from worker.intake.array_names import SAVE_AGAIN, choose_arrays
from worker.intake.refusals import FileRefusal, printable, rejected, unsafe

_ENDING = ".npy"
MAX_MEMBERS = 1000
RATIO_FREE_BYTES = 2**20
"""Members smaller than this may compress as well as they like."""
MAX_MEMBER_RATIO = 200
MAX_TOTAL_RATIO = 100
MAX_HEADER_BYTES = 10_000
LOCAL_HEADER_BYTES = 30
DAMAGE = (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, OSError, ValueError)
"""What the libraries raise over a damaged archive."""
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
HEADER_READERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}


def read_arrays(path: Path) -> dict[str, Array]:
    """The arrays `x_train`, `y_train`, `x_test`, `y_test`, as stored; raises `FileRefusal` that names what is wrong.

    Where a dataset has several inputs, `x_train_<name>` and `x_test_<name>` for each of them.
    """
    if not zipfile.is_zipfile(path):
        raise rejected("is no .npz file, or only a part of one.", SAVE_AGAIN)
    try:
        with zipfile.ZipFile(path) as archive:
            members = _check_members(archive.infolist(), path.stat().st_size)
            chosen = choose_arrays([name.removesuffix(_ENDING) for name in members if name.endswith(_ENDING)])
            return {name: _read_member(archive, members[f"{name}{_ENDING}"], name) for name in chosen}
    except DAMAGE as error:
        raise rejected("is damaged: its archive cannot be unpacked.", SAVE_AGAIN) from error


def _check_members(members: list[zipfile.ZipInfo], size: int) -> dict[str, zipfile.ZipInfo]:
    if len(members) > MAX_MEMBERS:
        raise rejected(f"has {len(members)} members; at most {MAX_MEMBERS} are read.", SAVE_AGAIN)
    for member in members:
        _check_member(member)
    if sum(member.file_size for member in members) > MAX_TOTAL_RATIO * size + RATIO_FREE_BYTES:
        raise rejected("would unpack to more than a hundred times its size.", SAVE_AGAIN)
    _check_overlaps(members, size)
    by_name = {member.filename: member for member in members}
    if len(by_name) < len(members):
        raise rejected("has two members of one name.", SAVE_AGAIN)
    return by_name


def _check_member(member: zipfile.ZipInfo) -> None:
    shown = printable(member.filename)
    if member.flag_bits & 1:
        raise rejected(f"has an encrypted member, `{shown}`.", SAVE_AGAIN)
    if member.compress_type not in METHODS:
        raise rejected(f"has a member, `{shown}`, that is packed in a way NumPy never uses.", SAVE_AGAIN)
    is_large = member.file_size > RATIO_FREE_BYTES
    if is_large and member.file_size > MAX_MEMBER_RATIO * max(1, member.compress_size):
        raise rejected(
            f"has a member, `{shown}`, that unpacks to more than {MAX_MEMBER_RATIO} times its size.", SAVE_AGAIN
        )


def _check_overlaps(members: list[zipfile.ZipInfo], size: int) -> None:
    ordered = sorted(members, key=lambda member: member.header_offset)
    ends = [member.header_offset + LOCAL_HEADER_BYTES + member.compress_size for member in ordered]
    starts = [member.header_offset for member in ordered[1:]] + [size]
    if any(end > start for end, start in zip(ends, starts, strict=False)):
        raise rejected("has members that overlap.", SAVE_AGAIN)


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str) -> Array:
    with archive.open(member) as stream:
        shape, dtype = _read_header(stream, name)
        if dtype.hasobject:
            raise unsafe(
                f"holds Python objects in `{name}`, which could run code; it was not opened.",
                f"Make `{name}` a plain array of numbers with examples of one shape.",
            )
        expected = math.prod(shape) * dtype.itemsize
        if stream.tell() + expected != member.file_size:
            raise _lies(name, f"declares {expected} bytes of values, but has {member.file_size - stream.tell()}")
    with archive.open(member) as stream:
        values: Array = npy.read_array(stream, allow_pickle=False, max_header_size=MAX_HEADER_BYTES)
    return values


def _read_header(stream: Any, name: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
    try:
        version = npy.read_magic(stream)
        shape, _, dtype = HEADER_READERS[version](stream, max_header_size=MAX_HEADER_BYTES)
    except (ValueError, KeyError, TypeError, SyntaxError, TokenError, RecursionError, MemoryError) as error:
        raise _lies(name, "has no readable header") from error
    if not all(type(extent) is int and extent >= 0 for extent in shape):
        raise _lies(name, "has an impossible shape")
    return shape, dtype


def _lies(name: str, reason: str) -> FileRefusal:
    return rejected(f"is damaged: its array `{name}` {reason}.", SAVE_AGAIN)
