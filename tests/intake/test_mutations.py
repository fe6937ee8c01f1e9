"""Seeded damage to good files of every format: the readers answer with a refusal or with data, never otherwise."""

import contextlib
import copy
import io
import random

import numpy as np
import pytest
import torch
from safetensors.torch import save as save_safetensors

from backend.domain.errors import JobFailure
from tests.intake import hostile_programs as hostile
from tests.intake.checkpoints import saved
from worker.intake.arrays import to_examples
from worker.intake.exported_program.reader import read_program
from worker.intake.formats import Format, recognize
from worker.intake.npz import read_arrays
from worker.intake.pickled import read_torch
from worker.intake.refusals import FileRefusal
from worker.intake.safetensors_header import read_header
from worker.intake.weights import plain_weights

CASES = 250
INSERTS = (b"\xff" * 8, b"9" * 20, b'"', b"{", b"[", b"-", b"\0" * 16)
SIZES = (0, 2**31, 2**63, 2**64 - 1)

JUNK = (
    None,
    True,
    -1,
    0,
    7,
    2**70,
    1e300,
    "",
    "x",
    "conv2d",
    "aten.relu.default",
    [],
    {},
    [[]],
    {"as_int": 3},
    {"a": 1},
)
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
        found = recognize(stream, len(content))
        if found is Format.SAFETENSORS:
            read_header(stream, len(content))
    if found is Format.EXPORTED_PROGRAM:
        with contextlib.suppress(JobFailure):
            read_program(path)
    if found is Format.TORCH:
        plain_weights(read_torch(path), len(content))


def damage_description(draws: random.Random) -> bytes:
    """An exported program whose archive is whole, and whose descriptions are JSON with some values replaced."""

    def edit(document):
        for _ in range(draws.randint(1, 3)):
            damage_value(document, draws)

    return hostile.edited(draws.choice([hostile.MODEL, hostile.WEIGHTS]), edit)


def damage_value(value, draws: random.Random) -> None:
    """Replace or drop something at a random depth; what it is called counts as much as what it holds."""
    while isinstance(value, dict | list) and value:
        key = draws.choice(list(value)) if isinstance(value, dict) else draws.randrange(len(value))
        inner = value[key]
        if not isinstance(inner, dict | list) or not inner or draws.random() < 0.1:
            if draws.random() < 0.2:
                del value[key]
            else:
                value[key] = copy.deepcopy(draws.choice(JUNK))
            return
        value = inner


def read_data(path, content):
    to_examples(read_arrays(path))


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
@pytest.mark.filterwarnings("ignore:Reading `.npy` or `.npz` file required additional header parsing")
@pytest.mark.parametrize(
    ("content", "read"),
    [
        (save_safetensors(STATE), read_model),
        (saved({"state_dict": STATE, "epoch": 3}), read_model),
        (saved(STATE, _use_new_zipfile_serialization=False), read_model),
        (hostile.good(), read_model),
        (npz(np.savez), read_data),
        (npz(np.savez_compressed), read_data),
    ],
    ids=["safetensors", "torch", "legacy torch", "exported program", "npz", "compressed npz"],
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


def test_damaged_descriptions_of_programs_are_refused_or_read(tmp_path):
    draws = random.Random(0)
    path = tmp_path / "file"
    for _ in range(CASES):
        path.write_bytes(damage_description(draws))
        with contextlib.suppress(FileRefusal, JobFailure):
            read_program(path, is_gated=draws.random() < 0.5)


def test_an_archive_without_members_is_refused(tmp_path):
    (tmp_path / "d.npz").write_bytes(b"PK\x05\x06" + b"\0" * 18)
    with pytest.raises(FileRefusal, match="has no array `x_train`; it holds nothing"):
        read_arrays(tmp_path / "d.npz")
