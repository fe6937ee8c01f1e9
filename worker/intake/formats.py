"""Which kind of file an upload is, by its content and never by its name; kinds that cannot be used are named."""

import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

from worker.intake.refusals import FileRefusal, rejected, unsafe
from worker.intake.zip_directory import list_members

SAVE_STATE_DICT = "Save only the weights: `safetensors.torch.save_file(model.state_dict(), path)`."
SAVE_MODEL = (
    "Upload a state dict (`.safetensors`, `.pt`), an exported program (`.pt2`) or an ONNX model; "
    "`secateur export` makes an exported program."
)
HEAD_SIZE = 512
TAR_MAGIC_AT = 257
MAX_MEMBERS = 100_000


class Format(StrEnum):
    """A kind of file that can hold a network."""

    SAFETENSORS = "safetensors"
    TORCH = "torch"
    EXPORTED_PROGRAM = "exported_program"
    ONNX = "onnx"


LEGACY_TORCH_MAGIC = b"\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
"""How `torch.save` of 1.5 and older begins, after two bytes that give the pickle protocol."""

ONNX_MAGIC, LAST_ONNX_VERSION = b"\x08", 31
"""The first field of an ONNX model, its version, and the largest that is worth a try."""
ZIP_MAGIC = b"PK\x03\x04"
PROGRAM_MEMBERS = ("archive_format", "serialized_exported_program.json")
"""Members that only exported programs have (the second until torch 2.7)."""
PICKLE_PROTOCOL, LAST_PICKLE_PROTOCOL = b"\x80", b"\x05"
OTHER_MAGIC = {
    b"\x89HDF": "an HDF5 file (Keras or h5py)",
    b"\x93NUMPY": "a single NumPy array",
    b"GGUF": "a GGUF file",
    b"\x1f\x8b": "a gzip archive",
    b"7z\xbc\xaf": "a 7z archive",
    b"Rar!": "a rar archive",
    b"\x28\xb5\x2f\xfd": "a zstd archive",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ": "an xz archive",
    b"%PDF": "a PDF document",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"version https://git-lfs": "a Git LFS pointer, not the file it stands for",
    b"<": "a web page or XML document, not the file itself",
    b"\x08": "a protocol buffer, but no ONNX model",
}


@dataclass(frozen=True)
class ForeignArchive:
    """A kind of zip file that is not a state dict: how to know it, and what to say."""

    is_it: Callable[[frozenset[str]], bool]
    refuse: Callable[[str, str], FileRefusal]
    reason: str
    hint: str = SAVE_STATE_DICT


def _has(*endings: str) -> Callable[[frozenset[str]], bool]:
    return lambda names: all(any(name.endswith(ending) for name in names) for ending in endings)


def _has_folder(folder: str) -> Callable[[frozenset[str]], bool]:
    return lambda names: any(f"/{folder}/" in f"/{name}" for name in names)


FOREIGN_ARCHIVES = (
    ForeignArchive(
        lambda names: _has("constants.pkl")(names) and _has_folder("code")(names),
        unsafe,
        "is a TorchScript program, and a program could run code here; it was not opened.",
    ),
    ForeignArchive(
        _has(".data/extern_modules"),
        unsafe,
        "is a torch.package, which can run code when it is opened; it was not.",
    ),
    ForeignArchive(
        lambda names: any(name.endswith(".npy") for name in names),
        rejected,
        "holds NumPy arrays (.npz), not a network.",
        "Upload it as a dataset, or save a PyTorch state dict.",
    ),
)


def recognize(stream: BinaryIO, size: int) -> Format:
    """The format of a file of `size` bytes that can hold a network; raises `FileRefusal` that names any other."""
    head = stream.read(HEAD_SIZE)
    stream.seek(0)
    if not head:
        raise rejected("is empty.", "Upload it again.")
    if head.startswith(ZIP_MAGIC):
        return _recognize_archive(stream, size)
    if head[2:].startswith(LEGACY_TORCH_MAGIC):
        return Format.TORCH
    if _is_safetensors(head):
        return Format.SAFETENSORS
    if head.startswith(ONNX_MAGIC) and head[1] <= LAST_ONNX_VERSION and len(head) > 2:
        return Format.ONNX
    raise _name_foreign(head)


def holds_safetensors(path: Path) -> bool:
    """A safetensors file, or one that pretends to be: only the header reader and the library ever see it.

    Nothing but the first bytes is looked at, so that this may run outside the locked-down process.
    """
    with path.open("rb") as stream:
        return _is_safetensors(stream.read(HEAD_SIZE))


def _is_safetensors(head: bytes) -> bool:
    is_other = head.startswith(ZIP_MAGIC) or head[2:].startswith(LEGACY_TORCH_MAGIC)
    return head[8:9] == b"{" and not is_other


def _name_foreign(head: bytes) -> FileRefusal:
    if head[TAR_MAGIC_AT:].startswith(b"ustar"):
        return unsafe("is a tar archive (as PyTorch wrote before 2018), which is not opened here.", SAVE_STATE_DICT)
    if head[:1] == PICKLE_PROTOCOL and head[1:2] <= LAST_PICKLE_PROTOCOL:
        return unsafe("is a bare pickle, which can run code when it is opened; it was not.", SAVE_STATE_DICT)
    for magic, kind in OTHER_MAGIC.items():
        if head.startswith(magic):
            return rejected(f"is {kind}, not a network.", SAVE_MODEL)
    return rejected("is neither a state dict, an exported program nor an ONNX model.", SAVE_MODEL)


def _recognize_archive(stream: BinaryIO, size: int) -> Format:
    members = list_members(stream, size, MAX_MEMBERS, SAVE_MODEL)
    names = frozenset(member.filename for member in members)
    for archive_kind in FOREIGN_ARCHIVES:
        if archive_kind.is_it(names):
            raise archive_kind.refuse(archive_kind.reason, archive_kind.hint)
    if any(name.rpartition("/")[2] in PROGRAM_MEMBERS for name in names):
        return Format.EXPORTED_PROGRAM
    if not any(name.rpartition("/")[2] == "data.pkl" for name in names):
        raise rejected("is a zip archive, but not one that PyTorch wrote.", SAVE_MODEL)
    if any(member.compress_type != zipfile.ZIP_STORED or member.flag_bits & 1 for member in members):
        raise rejected("is compressed or encrypted, which PyTorch's own files never are.", SAVE_STATE_DICT)
    return Format.TORCH
