"""Seeded damage to good files of every format: the readers answer with a refusal or with data, never otherwise."""

import contextlib
import io
import random

import numpy as np
import pytest
import torch
from safetensors.torch import save as save_safetensors

from tests.intake.checkpoints import saved
from worker.intake.arrays import to_images
from worker.intake.formats import Format, recognize
from worker.intake.npz import read_arrays
from worker.intake.pickled import read_torch
from worker.intake.refusals import FileRefusal
from worker.intake.safetensors_header import read_header
from worker.intake.weights import plain_weights

CASES = 250
INSERTS = (b"\xff" * 8, b"9" * 20, b'"', b"{", b"[", b"-", b"\0" * 16)
SIZES = (0, 2**31, 2**63, 2**64 - 1)

STATE = {"layer.weight": torch.linspace(-1, 1, 12).reshape(4, 3), "layer.bias": torch.zeros(4)}
ARRAYS = {
    "x_train": np.arange(64, dtype=np.uint8).reshape(4, 4, 4),
    "y_train": np.array([0, 1, 0, 1]),
    "x_test": np.zeros((2, 4, 4)),
    "y_test": np.array([0, 1]),
}


def npz(save) -> bytes:
    out = io.BytesIO()
    save(out, **ARRAYS)
    return out.getvalue()


def damage(content: bytes, draws: random.Random) -> bytes:
    bad = bytearray(content)
    for _ in range(draws.randint(1, 6)):
        position = draws.choice([draws.randrange(len(bad)), draws.randrange(40), -draws.randint(1, 300)])
        match draws.randrange(5):
            case 0 | 1:
                bad[max(position, -len(bad))] ^= 1 << draws.randrange(8)
            case 2:
                bad[position:position] = draws.choice(INSERTS)
            case 3:
                bad[position : position + 8] = draws.choice(SIZES).to_bytes(8, "little")
            case _:
                del bad[position : position + draws.randint(1, 20)]
        if len(bad) < 100:
            break
    return bytes(bad)


def read_model(path, content):
    with path.open("rb") as stream:
        if recognize(stream, len(content)) is Format.SAFETENSORS:
            read_header(stream, len(content))
            return
    plain_weights(read_torch(path), len(content))


def read_data(path, content):
    to_images(read_arrays(path))


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
@pytest.mark.filterwarnings("ignore:Reading `.npy` or `.npz` file required additional header parsing")
@pytest.mark.parametrize(
    ("content", "read"),
    [
        (save_safetensors(STATE), read_model),
        (saved({"state_dict": STATE, "epoch": 3}), read_model),
        (saved(STATE, _use_new_zipfile_serialization=False), read_model),
        (npz(np.savez), read_data),
        (npz(np.savez_compressed), read_data),
    ],
    ids=["safetensors", "torch", "legacy torch", "npz", "compressed npz"],
)
def test_damaged_files_are_refused_or_read(tmp_path, content, read):
    draws = random.Random(0)
    path = tmp_path / "file"
    path.write_bytes(content)
    read(path, content)
    for _ in range(CASES):
        bad = damage(content, draws)
        path.write_bytes(bad)
        with contextlib.suppress(FileRefusal):
            read(path, bad)


def test_an_archive_without_members_is_refused(tmp_path):
    (tmp_path / "d.npz").write_bytes(b"PK\x05\x06" + b"\0" * 18)
    with pytest.raises(FileRefusal, match="has no array `x_train`; it holds nothing"):
        read_arrays(tmp_path / "d.npz")
