"""Our own reader of safetensors headers: every bound is checked before the library sees the file.

Source: https://github.com/huggingface/safetensors, "Format".
"""

import json
import math
import re
import struct
from dataclasses import dataclass
from typing import Any, BinaryIO

from worker.intake.refusals import FileRefusal, printable, rejected

LENGTH_SIZE = 8
MAX_HEADER_BYTES = 16 * 2**20
MAX_TENSORS = 50_000
MAX_NAME_BYTES = 512
MAX_AXES = 8
MAX_SIZE = 2**48
NAME = re.compile(r"[\w./:-]+", re.ASCII)
ITEM_SIZES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1}
METADATA = "__metadata__"
WRITE_AGAIN = "Write it again with `safetensors.torch.save_file(model.state_dict(), path)`."


@dataclass(frozen=True)
class Entry:
    """What the header says of one tensor."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int


@dataclass(frozen=True)
class Header:
    """Everything before the data."""

    entries: tuple[Entry, ...]
    """In the order of their data."""
    metadata: dict[str, str]


def read_header(stream: BinaryIO, size: int) -> Header:
    """The header of a safetensors file of `size` bytes; raises `FileRefusal`."""
    if size < LENGTH_SIZE:
        raise broken(f"is no safetensors file: it has only {size} bytes")
    (length,) = struct.unpack("<Q", stream.read(LENGTH_SIZE))
    if length > MAX_HEADER_BYTES:
        raise broken(f"declares a header of {length} bytes; at most {MAX_HEADER_BYTES} are read")
    if length > size - LENGTH_SIZE:
        raise broken(f"is cut short: its header should have {length} bytes, but the file has {size}")
    header = _parse(stream.read(length))
    metadata = header.pop(METADATA, {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise broken("has metadata that are not texts")
    if not 0 < len(header) <= MAX_TENSORS:
        raise broken(f"holds {len(header)} tensors; between 1 and {MAX_TENSORS} can be read")
    entries = sorted((_read_entry(name, fields) for name, fields in header.items()), key=lambda entry: entry.begin)
    _check_layout(entries, size - LENGTH_SIZE - length)
    return Header(tuple(entries), metadata)


def broken(reason: str) -> FileRefusal:
    """A refusal with the hint that fits every damaged safetensors file."""
    return rejected(f"{reason}.", WRITE_AGAIN)


def _parse(text: bytes) -> dict[str, Any]:
    try:
        header = json.loads(text, object_pairs_hook=_without_duplicates)
    except (ValueError, RecursionError) as error:
        raise broken("has a header that is not valid JSON") from error
    if not isinstance(header, dict):
        raise broken("has a header that is not a JSON object")
    return header


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        names = [name for name, _ in pairs]
        double = next(name for name in names if names.count(name) > 1)
        raise broken(f"names `{printable(double)}` twice in its header")
    return fields


def _read_entry(name: str, fields: Any) -> Entry:
    if len(name) > MAX_NAME_BYTES or not NAME.fullmatch(name):
        raise broken(f"has a tensor with an unusable name, `{printable(name)}`")
    match fields:
        case {"dtype": str(dtype), "shape": list(shape), "data_offsets": [int(begin), int(end)]}:
            pass
        case _:
            raise broken(f"describes the tensor `{printable(name)}` in a way that cannot be read")
    if dtype not in ITEM_SIZES:
        raise broken(f"stores the tensor `{printable(name)}` as {printable(dtype)}, which cannot be read")
    if len(shape) > MAX_AXES or not all(type(extent) is int and 0 <= extent <= MAX_SIZE for extent in shape):
        raise broken(f"gives the tensor `{printable(name)}` an impossible shape")
    if end - begin != math.prod(shape) * ITEM_SIZES[dtype]:
        raise broken(f"gives the tensor `{printable(name)}` {end - begin} bytes, which its shape does not need")
    return Entry(name, dtype, tuple(shape), begin, end)


def _check_layout(entries: list[Entry], data_size: int) -> None:
    position = 0
    for entry in entries:
        if entry.begin != position:
            raise broken(f"has a hole or an overlap before the tensor `{printable(entry.name)}`")
        position = entry.end
    if position > data_size:
        raise broken(f"is cut short: its tensors need {position} bytes, but {data_size} are there")
    if position < data_size:
        raise broken(f"holds {data_size - position} bytes that belong to no tensor")
