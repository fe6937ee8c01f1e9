"""What a download is: bytes in pieces, with a name and, where known, a size."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True)
class Download:
    """A file on its way to the user."""

    name: str
    media_type: str
    chunks: Iterator[bytes]
    size: int | None = None


def file_stem(name: str) -> str:
    """A name reduced to letters that every file system and every header can carry."""
    return _UNSAFE.sub("-", name).strip("-.")[:80] or "secateur"
