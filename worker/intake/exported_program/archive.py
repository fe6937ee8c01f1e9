"""The members of an exported program's archive, by the part each plays; only what is asked for is ever read."""

import re
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from worker.intake.exported_program.document import MAX_JSON_BYTES, SAVE_AGAIN, Record, parse
from worker.intake.refusals import printable, rejected
from worker.intake.safetensors_header import MAX_TENSORS
from worker.intake.zip_directory import read_member, stored_members

MODEL = "models/model.json"
WEIGHTS, CONSTANTS = "data/weights/", "data/constants/"
ROOTED = re.compile(rf"[^/]+/{re.escape(MODEL)}")
"""The graph inside the one folder that PyTorch puts around everything."""
MAX_MEMBERS = MAX_TENSORS + 1000


class Archive:
    """An open archive; names are without the folder that PyTorch puts around them."""

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self.size = size
        self._zip, members = stored_members(stream, size, MAX_MEMBERS, SAVE_AGAIN)
        names = [member.filename for member in members]
        root = _root(names)
        stray = next((name for name in names if not name.startswith(root)), None)
        if stray is not None:
            raise rejected(f"holds `{printable(stray)}`, which no exported program has.", SAVE_AGAIN)
        self._members: dict[str, zipfile.ZipInfo] = {member.filename.removeprefix(root): member for member in members}

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all members."""
        return tuple(self._members)

    def read(self, name: str) -> bytes:
        """Content of a member; raises `FileRefusal` when it is missing or damaged."""
        member = self._members.get(name)
        if member is None:
            raise rejected(f"is not complete: `{printable(name)}` is missing from it.", SAVE_AGAIN)
        return read_member(self._zip, member, SAVE_AGAIN)

    def read_json(self, name: str) -> Record:
        """A member as a JSON object; raises `FileRefusal`."""
        member = self._members.get(name)
        if member is not None and member.file_size > MAX_JSON_BYTES:
            raise rejected(
                f"has a description of {member.file_size} bytes; at most {MAX_JSON_BYTES} are read.", SAVE_AGAIN
            )
        return parse(self.read(name), name)


def _root(names: Sequence[str]) -> str:
    """The folder that holds the graph, or else everything; empty where there is none."""
    rooted = next((name.removesuffix(MODEL) for name in names if ROOTED.fullmatch(name)), None)
    roots = {name.partition("/")[0] for name in names}
    return rooted or (f"{roots.pop()}/" if len(roots) == 1 else "")


@contextmanager
def open_archive(path: Path) -> Iterator[Archive]:
    """Open an exported program as an archive; raises `FileRefusal`."""
    with path.open("rb") as stream:
        yield Archive(stream, path.stat().st_size)
