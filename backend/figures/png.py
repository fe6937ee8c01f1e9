"""Small images as PNG, from rows of bytes: no imaging library is needed for that."""

import base64
import struct
import zlib
from collections.abc import Sequence

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_RGBA = (8, 6, 0, 0, 0)
"""Bits of a sample, color type with transparency, and the only compression, filter and interlacing in use."""


def to_png(rows: Sequence[bytes]) -> bytes:
    """An image of rows of pixels, four bytes each: red, green, blue, opacity."""
    header = struct.pack(">IIBBBBB", len(rows[0]) // 4, len(rows), *_RGBA)
    data = zlib.compress(b"".join(b"\0" + row for row in rows), 9)
    return _SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def to_data_url(rows: Sequence[bytes]) -> str:
    """The same as an address that holds the image itself."""
    return "data:image/png;base64," + base64.b64encode(to_png(rows)).decode()


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
