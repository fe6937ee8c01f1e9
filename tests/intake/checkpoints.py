"""Checkpoints that the tests make: good ones, broken ones and hostile ones."""

import io
import pickle
import tarfile
import warnings
import zipfile

import torch
from torch import nn

from worker.zoo import build_architecture

SHAPE = (1, 28, 28)


def lenet5() -> nn.Module:
    torch.manual_seed(0)
    return build_architecture("lenet5", SHAPE, 10)


def saved(content, **options) -> bytes:
    out = io.BytesIO()
    torch.save(content, out, **options)
    return out.getvalue()


class Gadget:
    """Writes the marker file when it is unpickled."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return (exec, (f"open({str(self.marker)!r}, 'w').write('ran')",))


def gadget(marker) -> bytes:
    return saved({"weight": torch.zeros(3), "evil": Gadget(marker)})


def legacy_gadget(marker) -> bytes:
    return saved(Gadget(marker), _use_new_zipfile_serialization=False)


def bare_pickle(marker) -> bytes:
    return pickle.dumps(Gadget(marker))


def whole_module(marker) -> bytes:
    return saved(nn.Sequential(nn.Linear(2, 2)))


def torchscript(marker) -> bytes:
    out = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(torch.jit.script(nn.Linear(2, 2)), out)
    return out.getvalue()


def zipped(names, method=zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name in names:
            archive.writestr(name, b"x" * 100)
    return out.getvalue()


def tar(marker) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        member = tarfile.TarInfo("storages")
        member.size = 3
        archive.addfile(member, io.BytesIO(b"abc"))
    return out.getvalue()


def expand_bomb(marker=None) -> bytes:
    return saved({"weight": torch.zeros(1).expand(10**12)})


def strided_bomb(marker=None) -> bytes:
    return saved({"weight": torch.as_strided(torch.zeros(19), (100, 10), (0, 1))})


def shared_bomb(marker=None) -> bytes:
    weight = torch.zeros(1000)
    return saved({f"weight{number}": weight for number in range(100)})


def compressed(marker=None) -> bytes:
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(saved({"weight": torch.zeros(10_000)}))) as source,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for name in source.namelist():
            archive.writestr(name, source.read(name))
    return out.getvalue()


def with_value(value: float) -> dict[str, torch.Tensor]:
    state = lenet5().state_dict()
    state["conv2.weight"][3, 2, 1, 0] = value
    return state
