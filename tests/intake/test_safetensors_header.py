import json
import struct
import time
from io import BytesIO

import numpy as np
import pytest
from safetensors.numpy import save

from backend.domain.errors import FailureCode
from worker.intake.refusals import FileRefusal
from worker.intake.safetensors_header import MAX_HEADER_BYTES, MAX_NAME_BYTES, MAX_TENSORS, read_header


def write(header, data=b"", length=None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def entry(begin=0, end=4, shape=(1,), dtype="F32") -> dict:
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [begin, end]}


def read(content: bytes):
    return read_header(BytesIO(content), len(content))


def refusal(content: bytes) -> str:
    with pytest.raises(FileRefusal) as caught:
        read(content)
    assert caught.value.code is FailureCode.REJECTED_FILE
    assert "safetensors.torch.save_file" in caught.value.hint
    return caught.value.reason


def test_reads_what_the_library_writes():
    content = save({"b": np.zeros((2, 3), np.float32), "a": np.ones(5, np.float16)}, metadata={"origin": "here"})
    header = read(content)
    assert {item.name: (item.dtype, item.shape) for item in header.entries} == {
        "a": ("F16", (5,)),
        "b": ("F32", (2, 3)),
    }
    assert header.metadata == {"origin": "here"}
    assert header.entries[0].begin == 0
    assert header.entries[-1].end == 2 * 3 * 4 + 5 * 2


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "has only 0 bytes"),
        (b"\0" * 7, "has only 7 bytes"),
        (write(b"", length=2**63), "declares a header of 9223372036854775808 bytes"),
        (write(b"{}", length=MAX_HEADER_BYTES + 1), "at most 16777216 are read"),
        (write(b"{}", length=3), "is cut short"),
        (write(b"{nonsense"), "not valid JSON"),
        (write(b"\xff\xfe{}"), "not valid JSON"),
        (write(b"[" * 100_000), "not valid JSON"),
        (write(b'{"a":' + b"9" * 10_000 + b"}"), "not valid JSON"),
        (write(b"[1]"), "not a JSON object"),
        (write({}), "holds 0 tensors"),
        (write({"__metadata__": {"a": 1}}), "metadata that are not texts"),
        (write({"__metadata__": [], "a": entry()}, b"1234"), "metadata that are not texts"),
        (write(b'{"a": {}, "b": {}, "a": {}}'), "names `a` twice"),
        (write(b'{"a": {"dtype": "F32", "dtype": "F16"}}'), "names `dtype` twice"),
        (write({"a": None}), "in a way that cannot be read"),
        (write({"a": entry(dtype="F8_E4M3", end=1)}, b"1"), "stores the tensor `a` as F8_E4M3, which cannot be read"),
        (write({"a": entry() | {"data_offsets": [0]}}, b"1234"), "in a way that cannot be read"),
        (write({"a": entry() | {"data_offsets": [0.0, 4.0]}}, b"1234"), "in a way that cannot be read"),
        (write({"a": entry(shape=(-1,), begin=4, end=0)}, b"1234"), "impossible shape"),
        (write({"a": entry(shape=(True,))}, b"1234"), "impossible shape"),
        (write({"a": entry(shape=("1",))}, b"1234"), "impossible shape"),
        (write({"a": entry(shape=(2**62, 4))}, b"1234"), "impossible shape"),
        (write({"a": entry(shape=(1,) * 9)}, b"1234"), "impossible shape"),
        (write({"a": entry(shape=(2**40, 2**40))}, b"1234"), "which its shape does not need"),
        (write({"a": entry(shape=(2,))}, b"1234"), "4 bytes, which its shape does not need"),
        (write({"a": entry(), "b": entry(2, 6)}, b"123456"), "an overlap before the tensor `b`"),
        (write({"a": entry(), "b": entry(5, 9)}, b"123456789"), "a hole or an overlap before the tensor `b`"),
        (write({"a": entry(4, 8)}, b"12345678"), "a hole"),
        (write({"a": entry(-4, 0)}, b""), "a hole"),
        (write({"a": entry()}, b"123"), "is cut short: its tensors need 4 bytes, but 3 are there"),
        (write({"a": entry()}, b"12345"), "holds 1 bytes that belong to no tensor"),
        (write({"a b": entry()}, b"1234"), "unusable name, `a b`"),
        (write({"": entry()}, b"1234"), "unusable name, ``"),
        (write({"../a\n": entry()}, b"1234"), "unusable name, `../a?`"),
        (write({"a" * (MAX_NAME_BYTES + 1): entry()}, b"1234"), "unusable name"),
    ],
)
def test_a_lying_or_broken_header_is_refused_with_the_reason(content, sentence):
    assert sentence in refusal(content)


def test_the_bounds_themselves_are_accepted():
    assert read(write({"a" * MAX_NAME_BYTES: entry()}, b"1234")).entries
    assert read(write({"a": entry(shape=(1,) * 8)}, b"1234")).entries
    many = {f"t{number}": entry(0, 0, (0,)) for number in range(MAX_TENSORS)}
    assert len(read(write(many)).entries) == MAX_TENSORS
    assert "holds 50001 tensors" in refusal(write(many | {"one-more": entry(0, 0, (0,))}))


def test_a_bloated_header_is_refused_before_it_is_read():
    class Untouchable(BytesIO):
        def read(self, size=-1):
            assert size <= 8, "the header must not be read"
            return super().read(size)

    content = write(b" ", length=100 * 2**20)
    start = time.perf_counter()
    with pytest.raises(FileRefusal, match="declares a header"):
        read_header(Untouchable(content), 101 * 2**20)
    assert time.perf_counter() - start < 1


@pytest.mark.parametrize("keep", [0, 5, 8, 9, 40, 100, -1, -20])
def test_a_file_cut_anywhere_is_refused(keep):
    content = save({"weight": np.arange(12, dtype=np.float32), "bias": np.zeros(3, np.float32)})
    assert refusal(content[:keep])
