"""Streamed zip archives and names of downloads."""

import io
import zipfile
from collections.abc import Iterator

import pytest

from backend.services.downloads import file_stem
from backend.storage.archive import stream_zip


def test_an_archive_holds_what_was_put_in() -> None:
    files = {"a.txt": [b"one", b"two"], "empty": [], "big.bin": [b"\x01" * 100_000] * 20}
    data = b"".join(stream_zip(files.items()))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == {
            name: b"".join(pieces) for name, pieces in files.items()
        }


def test_pieces_leave_as_they_come() -> None:
    taken: list[int] = []

    def pieces() -> Iterator[bytes]:
        for number in range(3):
            taken.append(number)
            yield b"x" * 1000

    stream = stream_zip([("a", pieces())])
    assert len(next(stream)) >= 1000
    assert taken == [0]


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("My run/1", "My-run-1"),
        ("../../etc/passwd", "etc-passwd"),
        ("résumé", "r-sum"),
        ("\u202e", "secateur"),
        ("", "secateur"),
        ("a" * 200, "a" * 80),
    ],
)
def test_names_of_downloads_are_plain(name: str, stem: str) -> None:
    assert file_stem(name) == stem
