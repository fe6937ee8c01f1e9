"""Fetch a file once, into a cache folder, and only with the content we know."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pooch

TIMEOUT_S = 30.0
Fetch = Callable[[str, str, Path], Path]
"""(file name, sha256, cache folder) -> path of the file; raises `DownloadFailed`."""


class DownloadFailed(Exception):
    """No source gave the file; the message says what each answered."""


def fetch_from(sources: Sequence[str]) -> Fetch:
    """A fetch that asks each base URL in turn; a cached file with the right checksum is not fetched again."""

    def fetch(name: str, sha256: str, cache: Path) -> Path:
        answers = []
        for source in sources:
            try:
                return _fetch_one(f"{source}/{name}", name, sha256, cache)
            except (OSError, ValueError) as error:
                answers.append(f"{source}/{name}: {_first_line(error)}")
        raise DownloadFailed("; ".join(answers))

    return fetch


def _fetch_one(url: str, name: str, sha256: str, cache: Path) -> Path:
    pooch.get_logger().setLevel("WARNING")
    downloader = pooch.HTTPDownloader(timeout=TIMEOUT_S)
    return Path(pooch.retrieve(url, f"sha256:{sha256}", fname=name, path=cache, downloader=downloader))


def _first_line(error: Exception) -> str:
    lines = str(error).splitlines()
    return lines[0] if lines else type(error).__name__
