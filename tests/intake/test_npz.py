import io
import struct
import zipfile

import numpy as np
import pytest

from backend.domain.errors import FailureCode
from worker.intake.npz import read_arrays
from worker.intake.refusals import FileRefusal


class Gadget:
    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return (open, (str(self.marker), "w"))


def arrays(**changes):
    plain = {
        "x_train": np.arange(32, dtype=np.uint8).reshape(2, 4, 4),
        "y_train": np.array([0, 1]),
        "x_test": np.zeros((1, 4, 4), np.uint8),
        "y_test": np.array([1]),
    }
    return plain | changes


def npy(array, **options) -> bytes:
    out = io.BytesIO()
    np.lib.format.write_array(out, array, **options)
    return out.getvalue()


def members(**changes) -> dict[str, bytes]:
    return {f"{name}.npy": npy(array) for name, array in arrays().items()} | {
        f"{name}.npy": content for name, content in changes.items()
    }


def pack(path, contents, method=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return path


def refusal(path) -> FileRefusal:
    with pytest.raises(FileRefusal) as caught:
        read_arrays(path)
    return caught.value


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_reads_what_numpy_writes(tmp_path, save):
    save(tmp_path / "d.npz", **arrays(), extra=np.zeros(3))
    for name, array in read_arrays(tmp_path / "d.npz").items():
        assert np.array_equal(array, arrays()[name])


def test_fortran_order_is_understood(tmp_path):
    ordered = np.asfortranarray(arrays()["x_train"])
    np.savez(tmp_path / "d.npz", **arrays(x_train=ordered))
    assert np.array_equal(read_arrays(tmp_path / "d.npz")["x_train"], ordered)


@pytest.mark.parametrize("content", [b"", b"no archive at all", b"PK\x03\x04" + b"\0" * 100, npy(np.zeros(3))])
def test_what_is_no_archive_is_refused(tmp_path, content):
    (tmp_path / "d.npz").write_bytes(content)
    assert "is no .npz file" in refusal(tmp_path / "d.npz").reason


@pytest.mark.parametrize("keep", [1, 50, 300, 700, -1, -30])
def test_an_archive_cut_anywhere_is_refused(tmp_path, keep):
    np.savez(tmp_path / "d.npz", **arrays())
    content = (tmp_path / "d.npz").read_bytes()
    (tmp_path / "d.npz").write_bytes(content[:keep])
    assert refusal(tmp_path / "d.npz").code is FailureCode.REJECTED_FILE


@pytest.mark.parametrize("name", ["x_train", "y_train", "x_test", "y_test"])
def test_a_missing_array_is_named_with_what_is_there(tmp_path, name):
    kept = {key: value for key, value in arrays(images=np.zeros(3)).items() if key != name}
    np.savez(tmp_path / "d.npz", **kept)
    found = refusal(tmp_path / "d.npz")
    assert found.code is FailureCode.INVALID_DATASET
    assert f"has no array `{name}`; it holds images" in found.reason


@pytest.mark.parametrize("name", ["x_train", "y_test"])
def test_pickled_objects_are_never_opened(tmp_path, name):
    marker = tmp_path / "marker"
    np.savez(tmp_path / "d.npz", **arrays(**{name: np.array([Gadget(marker)], dtype=object)}), allow_pickle=True)
    found = refusal(tmp_path / "d.npz")
    assert found.code is FailureCode.UNSAFE_FILE
    assert f"Python objects in `{name}`" in found.reason
    assert not marker.exists()


def test_an_object_type_hidden_in_a_record_is_refused(tmp_path):
    records = np.zeros(3, dtype=[("a", "i4"), ("b", "O")])
    np.savez(tmp_path / "d.npz", **arrays(y_train=records), allow_pickle=True)
    assert refusal(tmp_path / "d.npz").code is FailureCode.UNSAFE_FILE


def header(text: str) -> bytes:
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (
            header("{'descr': '|u1', 'fortran_order': False, 'shape': (1000000000000,), }"),
            "declares 1000000000000 bytes",
        ),
        (
            header("{'descr': '|u1', 'fortran_order': False, 'shape': (3,), }") + b"12",
            "declares 3 bytes of values, but has 2",
        ),
        (header("{'descr': '|u1', 'fortran_order': False, 'shape': (3,), }") + b"1234", "declares 3 bytes of values"),
        (header("{'descr': '|u1', 'fortran_order': False, 'shape': (-3,), }"), "has an impossible shape"),
        (header("{'descr': '|u1', 'fortran_order': False, 'shape': (True,), }") + b"1", "has an impossible shape"),
        (header("{'descr': '|u1', 'fortran_order': False}"), "has no readable header"),
        (header("{'descr': 'nonsense', 'fortran_order': False, 'shape': (3,), }"), "has no readable header"),
        (header("__import__('os').system('true')"), "has no readable header"),
        (header("(" * 9000), "has no readable header"),
        (header("{" + " " * 20_000 + "}"), "has no readable header"),
        (b"\x93NUMPY\x09\x00" + b"\0" * 50, "has no readable header"),
        (b"\x93NUM", "has no readable header"),
        (b"", "has no readable header"),
    ],
)
def test_a_lying_array_is_refused_before_memory_is_taken(tmp_path, content, sentence):
    found = refusal(pack(tmp_path / "d.npz", members(x_train=content)))
    assert found.code is FailureCode.REJECTED_FILE
    assert "`x_train`" in found.reason
    assert sentence in found.reason


def test_a_compression_bomb_is_refused_by_its_table_of_contents(tmp_path):
    bomb = npy(np.zeros(50 * 2**20, np.uint8))
    found = refusal(pack(tmp_path / "d.npz", members(x_train=bomb), zipfile.ZIP_DEFLATED))
    assert "unpacks to more than 200 times its size" in found.reason


def test_many_small_bombs_are_refused_together(tmp_path):
    part = npy(np.zeros(2**20 - 200, np.uint8))
    contents = members() | {f"part{number}.npy": part for number in range(60)}
    assert "hundred times" in refusal(pack(tmp_path / "d.npz", contents, zipfile.ZIP_DEFLATED)).reason


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_other_compressions_are_refused(tmp_path, method):
    assert "in a way NumPy never uses" in refusal(pack(tmp_path / "d.npz", members(), method)).reason


def test_too_many_members_are_refused(tmp_path):
    contents = members() | {f"{number}.npy": b"" for number in range(1000)}
    assert "has 1004 members" in refusal(pack(tmp_path / "d.npz", contents)).reason


def patch_directory(path, at, values):
    """Overwrite bytes in the first entry of the central directory."""
    content = bytearray(path.read_bytes())
    start = content.index(b"PK\x01\x02") + at
    content[start : start + len(values)] = values
    path.write_bytes(content)


def test_an_encrypted_member_is_refused(tmp_path):
    path = pack(tmp_path / "d.npz", members())
    patch_directory(path, 8, b"\x01")
    assert "encrypted member, `x_train.npy`" in refusal(path).reason


def test_sizes_that_lie_are_refused(tmp_path):
    path = pack(tmp_path / "d.npz", members(), zipfile.ZIP_DEFLATED)
    patch_directory(path, 24, struct.pack("<I", 130))
    assert refusal(path).code is FailureCode.REJECTED_FILE


def test_overlapping_members_are_refused(tmp_path):
    path = pack(tmp_path / "d.npz", members())
    patch_directory(path, 20, struct.pack("<II", 2000, 2000))
    assert "overlap" in refusal(path).reason


def test_a_wrong_checksum_is_refused(tmp_path):
    path = pack(tmp_path / "d.npz", members())
    content = bytearray(path.read_bytes())
    content[content.index(arrays()["x_train"].tobytes())] ^= 0xFF
    path.write_bytes(content)
    assert "is damaged" in refusal(path).reason


def test_two_members_of_one_name_are_refused(tmp_path):
    contents = members() | {"x_tra1n.npy": b"other"}
    path = pack(tmp_path / "d.npz", contents)
    path.write_bytes(path.read_bytes().replace(b"x_tra1n", b"x_train"))
    assert "two members of one name" in refusal(path).reason


def test_names_that_point_elsewhere_are_never_used_as_paths(tmp_path):
    folder = tmp_path / "inner"
    folder.mkdir()
    contents = members() | {"../../escape.npy": npy(np.zeros(3)), "/absolute.npy": npy(np.zeros(3))}
    read_arrays(pack(folder / "d.npz", contents))
    assert [path.name for path in tmp_path.rglob("*")] == ["inner", "d.npz"]
