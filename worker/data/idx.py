"""The idx format of MNIST and its relatives: a magic number, big-endian sizes, then the values; plain or gzipped.

Source: http://yann.lecun.com/exdb/mnist/, "the IDX file format".
"""

import gzip
import math
import struct
import zlib
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from worker.data.labeled import Array

GZIP_MAGIC = b"\x1f\x8b"
MAX_AXES = 4
MAX_BYTES = 2**32
DTYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


class BadIdxFile(ValueError):
    """The file is not a whole idx file; the message says what is wrong with it."""


def read_idx(path: Path) -> Array:
    """The array in an idx file, in native byte order; raises `BadIdxFile` and `OSError`."""
    with path.open("rb") as raw:
        is_gzipped = raw.read(len(GZIP_MAGIC)) == GZIP_MAGIC
        raw.seek(0)
        stream = cast("BinaryIO", gzip.GzipFile(fileobj=raw)) if is_gzipped else raw
        try:
            return _read_array(stream)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise BadIdxFile(f"{path.name} is not a whole gzip file") from error
        except BadIdxFile as error:
            raise BadIdxFile(f"{path.name} {error}") from error


def _read_array(stream: BinaryIO) -> Array:
    head = stream.read(4)
    if len(head) < 4 or head[:2] != b"\0\0" or head[2] not in DTYPES or not 1 <= head[3] <= MAX_AXES:
        raise BadIdxFile("does not begin like an idx file")
    dtype, axes = np.dtype(DTYPES[head[2]]), head[3]
    sizes = stream.read(4 * axes)
    if len(sizes) < 4 * axes:
        raise BadIdxFile("ends inside its header")
    shape = struct.unpack(f">{axes}I", sizes)
    expected = math.prod(shape) * dtype.itemsize
    if expected > MAX_BYTES:
        raise BadIdxFile(f"declares {expected} bytes, more than {MAX_BYTES}")
    body = stream.read(expected + 1)
    if len(body) != expected:
        raise BadIdxFile(f"should hold {expected} bytes of values, but does not")
    return np.frombuffer(body, dtype).reshape(shape).astype(dtype.newbyteorder("="), copy=False)
