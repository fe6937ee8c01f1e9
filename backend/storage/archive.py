"""A zip archive written piece by piece, so that no download has to fit into memory."""

import io
import zipfile
from collections.abc import Iterable, Iterator
from typing import Final

_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
"""The same files give the same bytes, whenever the archive is made."""
_READABLE: Final = 0o644 << 16
_UNIX: Final = 3
"""Written into every entry, wherever this runs."""


class _Sink(io.RawIOBase):
    """Collects what the archive writes until it is taken."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: object, /) -> int:
        piece = bytes(memoryview(data))  # type: ignore[arg-type]  # zipfile only writes buffers
        self._pieces.append(piece)
        return len(piece)

    def take(self) -> bytes:
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


def stream_zip(files: Iterable[tuple[str, Iterable[bytes]]]) -> Iterator[bytes]:
    """The bytes of a zip archive (stored, not compressed) of (name, pieces) pairs, as they become known."""
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:
        for name, pieces in files:
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.external_attr = _READABLE
            entry.create_system = _UNIX
            with archive.open(entry, "w", force_zip64=True) as member:
                for piece in pieces:
                    member.write(piece)
                    yield sink.take()
    yield sink.take()
