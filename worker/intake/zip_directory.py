"""Zip archives whose members are all stored as they are: judged as a whole before any member is read.

PyTorch's writers never compress, so that a member is as large as it says, and an archive cannot grow when it is read.
Source: PKWARE APPNOTE.TXT 6.3.10, 4.3.7, 4.3.14 to 4.3.16.
"""

import struct
import zipfile
from collections.abc import Sequence
from typing import BinaryIO

from worker.intake.refusals import FileRefusal, printable, rejected

LOCAL_HEADER = struct.Struct("<4s22xHH")
LOCAL_MAGIC = b"PK\x03\x04"
END_MAGIC, END_SIZE = b"PK\x05\x06", 22
WIDE_LOCATOR_MAGIC, WIDE_LOCATOR = b"PK\x06\x07", struct.Struct("<4x4xQ")
WIDE_END_MAGIC, WIDE_END = b"PK\x06\x06", struct.Struct("<32xQQ")
MAX_COMMENT = 2**16 - 1
NARROW_COUNT = 2**16 - 1
"""Where the count has this value, the wide record has it."""
MAX_NAME_BYTES = 1000
ENTRY_BYTES = 46 + MAX_NAME_BYTES
"""The directory's share for one member: its fixed fields and its name."""
DAMAGE = (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, ValueError, struct.error)
"""What the library raises over a damaged archive."""


def stored_members(
    stream: BinaryIO, size: int, maximum: int, hint: str
) -> tuple[zipfile.ZipFile, list[zipfile.ZipInfo]]:
    """The archive of `size` bytes and its members in the order of their data; raises `FileRefusal` with `hint`.

    No more than `maximum` members, none of them compressed, encrypted, doubled or overlapping, all of them inside the
    file. The directory's length is looked at before the library reads it.
    """
    _check_length(stream, size, maximum, hint)
    archive = _open(stream, hint)
    members = sorted(archive.infolist(), key=lambda member: member.header_offset)
    if len(members) > maximum:
        raise _too_many(len(members), maximum, hint)
    for member in members:
        _check_member(member, hint)
    if len({member.filename for member in members}) < len(members):
        raise rejected("has two members of one name.", hint)
    _check_layout(stream, members, size, hint)
    return archive, members


def list_members(stream: BinaryIO, size: int, maximum: int, hint: str) -> list[zipfile.ZipInfo]:
    """All members of an archive of any kind, at most `maximum`, unchecked; raises `FileRefusal` with `hint`."""
    _check_length(stream, size, maximum, hint)
    members = _open(stream, hint).infolist()
    stream.seek(0)
    if len(members) > maximum:
        raise _too_many(len(members), maximum, hint)
    return members


def read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, hint: str) -> bytes:
    """A member's content, its checksum verified; raises `FileRefusal`."""
    try:
        return archive.read(member)
    except DAMAGE as error:
        raise rejected(f"is damaged: its member `{printable(member.filename)}` cannot be read.", hint) from error


def _open(stream: BinaryIO, hint: str) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(stream)
    except DAMAGE as error:
        raise rejected("is cut short or damaged: its table of contents cannot be read.", hint) from error


def _check_length(stream: BinaryIO, size: int, maximum: int, hint: str) -> None:
    """Refuse a directory that is too long, by what the archive's last record says of it."""
    tail_size = min(size, END_SIZE + MAX_COMMENT)
    stream.seek(size - tail_size)
    tail = stream.read(tail_size)
    end = len(tail) - END_SIZE if tail[-END_SIZE:].startswith(END_MAGIC) else tail.rfind(END_MAGIC)
    if end < 0 or len(tail) - end < END_SIZE:
        raise rejected("is cut short or damaged: its table of contents cannot be found.", hint)
    count, length = struct.unpack_from("<HI", tail, end + 10)
    locator = end - WIDE_LOCATOR.size - 4
    if locator >= 0 and tail[locator : locator + 4] == WIDE_LOCATOR_MAGIC:
        (position,) = WIDE_LOCATOR.unpack_from(tail, locator)
        if position >= size:
            raise rejected("is damaged: its table of contents lies beyond its end.", hint)
        stream.seek(position)
        record = stream.read(WIDE_END.size)
        if record.startswith(WIDE_END_MAGIC) and len(record) == WIDE_END.size:
            count, length = WIDE_END.unpack(record)
    if count > maximum or length > maximum * ENTRY_BYTES:
        raise _too_many(count, maximum, hint)
    stream.seek(0)


def _too_many(count: int, maximum: int, hint: str) -> FileRefusal:
    return rejected(f"holds {count} parts; at most {maximum} are read.", hint)


def _check_member(member: zipfile.ZipInfo, hint: str) -> None:
    shown = printable(member.filename)
    if member.flag_bits & 1:
        raise rejected(f"has an encrypted member, `{shown}`.", hint)
    if member.compress_type != zipfile.ZIP_STORED or member.file_size != member.compress_size:
        raise rejected(f"is compressed (at `{shown}`), which PyTorch's own files never are.", hint)
    if len(member.filename) > MAX_NAME_BYTES:
        raise rejected(f"has a member with an unusable name, `{shown}`.", hint)


def _check_layout(stream: BinaryIO, members: Sequence[zipfile.ZipInfo], size: int, hint: str) -> None:
    """Every member's data begins after its own header and ends before the next one's."""
    limits = [*(member.header_offset for member in members[1:]), size]
    for member, limit in zip(members, limits, strict=True):
        if not 0 <= member.header_offset < size:
            raise rejected(f"is damaged: its member `{printable(member.filename)}` lies outside of it.", hint)
        stream.seek(member.header_offset)
        header = stream.read(LOCAL_HEADER.size)
        if len(header) < LOCAL_HEADER.size or not header.startswith(LOCAL_MAGIC):
            raise rejected(f"is damaged: its member `{printable(member.filename)}` has no header.", hint)
        _, name_length, extra_length = LOCAL_HEADER.unpack(header)
        begin = member.header_offset + LOCAL_HEADER.size + name_length + extra_length
        if begin + member.file_size > limit:
            raise rejected(f"has members that overlap, `{printable(member.filename)}` and the next.", hint)
