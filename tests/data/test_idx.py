import gzip
import struct

import numpy as np
import pytest

from worker.data.idx import BadIdxFile, read_idx


def make_idx(values: np.ndarray, code: int = 0x08) -> bytes:
    header = struct.pack(f">BBBB{values.ndim}I", 0, 0, code, values.ndim, *values.shape)
    return header + values.astype(values.dtype.newbyteorder(">")).tobytes()


VALUES = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)


@pytest.mark.parametrize("wrap", [bytes, gzip.compress])
def test_reads_plain_and_gzipped_files(tmp_path, wrap):
    path = tmp_path / "values-idx3-ubyte"
    path.write_bytes(wrap(make_idx(VALUES)))
    assert np.array_equal(read_idx(path), VALUES)


def test_values_come_in_native_byte_order(tmp_path):
    path = tmp_path / "labels"
    path.write_bytes(make_idx(np.array([1, 256, -2], dtype=np.int32), code=0x0C))
    assert read_idx(path).tolist() == [1, 256, -2]
    assert read_idx(path).dtype.isnative


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "does not begin like an idx file"),
        (b"PK\x03\x04whatever", "does not begin like an idx file"),
        (make_idx(VALUES)[:9], "ends inside its header"),
        (make_idx(VALUES)[:-1], "should hold 24 bytes"),
        (make_idx(VALUES) + b"x", "should hold 24 bytes"),
        (struct.pack(">BBBB3I", 0, 0, 8, 3, 2**31, 2**31, 2**31), "more than"),
        (gzip.compress(make_idx(VALUES), mtime=0)[:-9], "is not a whole gzip file"),
        (b"\x1f\x8b nonsense", "is not a whole gzip file"),
    ],
)
def test_a_broken_file_is_named_with_what_is_wrong(tmp_path, content, sentence):
    path = tmp_path / "train-images"
    path.write_bytes(content)
    with pytest.raises(BadIdxFile, match=f"train-images .*{sentence}"):
        read_idx(path)
