"""The stored index of architectures: package data, read once; `tools/build_recognition_index.py` writes it."""

import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from backend.domain.spec import Spec
from worker.recognition.signature import ClassAxis, Head

FILE_NAME = "index.json.gz"


class Known(Spec):
    """One architecture of a library."""

    library: str
    name: str
    task: str
    """What it answers: `classification`, `segmentation`, `detection`, ..."""
    input_shape: tuple[int, ...] | None = None
    """The input it is published for, without the batch axis."""


class StoredIndex(Spec):
    """The index as JSON."""

    libraries: Mapping[str, str]
    """Version of each library that the index was made from."""
    heads: tuple[tuple[tuple[str, int, int, int], ...], ...]
    """Distinct heads: tensor, axis, factor and offset of every axis that follows the number of classes."""
    whole: Mapping[str, tuple[int, tuple[int, ...]]]
    """Head and architectures (positions in `architectures`) by the digest of all tensors with the head's axes open."""
    headless: Mapping[str, tuple[int, ...]]
    """Architectures by the digest of what is left without the head's tensors."""
    architectures: tuple[Known, ...]


@dataclass(frozen=True)
class Index:
    """The index, ready to be asked."""

    heads: tuple[Head, ...]
    stored: StoredIndex

    def known(self, positions: tuple[int, ...]) -> tuple[Known, ...]:
        """Architectures by position."""
        return tuple(self.stored.architectures[position] for position in positions)

    def head_modules(self, known: Known) -> tuple[str, ...]:
        """The modules of an architecture's classification layer, such as `fc`."""
        place = self.stored.architectures.index(known)
        head = next(self.heads[head] for head, found in self.stored.whole.values() if place in found)
        return tuple(dict.fromkeys(axis.tensor.rpartition(".")[0] for axis in head))


@cache
def load_index() -> Index:
    """The index that is part of the package."""
    packed = files(__package__).joinpath(FILE_NAME).read_bytes()
    stored = StoredIndex.model_validate(json.loads(gzip.decompress(packed)))
    return Index(tuple(tuple(ClassAxis(*axis) for axis in head) for head in stored.heads), stored)


def pack(stored: StoredIndex) -> bytes:
    """The index as the package's data file: the same bytes for the same content."""
    text = json.dumps(stored.model_dump(mode="json"), separators=(",", ":"), sort_keys=True)
    return gzip.compress(text.encode(), compresslevel=9, mtime=0)
