"""Runs inside the sandbox: a checkpoint of a known architecture becomes a network."""

import json
from collections.abc import Mapping

from pydantic import JsonValue
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from backend.domain.errors import FailureCode
from backend.domain.network import ArchitectureMatch, ArchitectureMiss
from worker.engine.network import capture, zeros
from worker.engine.network.files import METADATA_KEY
from worker.intake.opened import Opened, Uploaded
from worker.intake.pickled import read_torch
from worker.intake.refusals import FileRefusal, printable
from worker.intake.safetensors_header import broken, read_header
from worker.intake.weights import plain_weights
from worker.zoo import fit, match

MAX_DIFFERENCES = 4


def open_safetensors(uploaded: Uploaded) -> Opened:
    """The network of a safetensors file, or the architectures to choose from; raises `FileRefusal`."""
    tensors, origin = _read_safetensors(uploaded)
    return _open(uploaded, tensors, origin)


def open_torch(uploaded: Uploaded) -> Opened:
    """The network of a state dict that `torch.save` wrote, or the architectures to choose from."""
    return _open(uploaded, read_torch(uploaded.path), None)


def _open(uploaded: Uploaded, tensors: Mapping[str, Tensor], origin: dict[str, JsonValue] | None) -> Opened:
    weights = plain_weights(tensors, uploaded.size)
    matches = (uploaded.choice,) if uploaded.choice else _recognize(weights, origin)
    if len(matches) > 1:
        return Opened(None, matches)
    module = fit(matches[0], weights)
    return Opened(capture(module, zeros(module, matches[0].input_shape), matches[0].architecture), matches)


def _read_safetensors(uploaded: Uploaded) -> tuple[dict[str, Tensor], dict[str, JsonValue] | None]:
    """Tensors by name, and what our own files say of where they come from."""
    with uploaded.path.open("rb") as stream:
        header = read_header(stream, uploaded.size)
    try:
        return load_file(uploaded.path), _read_origin(header.metadata)
    except SafetensorError as error:
        raise broken(f"cannot be read: {printable(str(error))}") from error


def _read_origin(metadata: Mapping[str, str]) -> dict[str, JsonValue] | None:
    try:
        origin = json.loads(metadata.get(METADATA_KEY, "null"))
    except (ValueError, RecursionError):
        return None
    return origin if isinstance(origin, dict) else None


def _recognize(weights: Mapping[str, Tensor], origin: dict[str, JsonValue] | None) -> tuple[ArchitectureMatch, ...]:
    """All architectures that fit, at least one."""
    found = match({name: tuple(tensor.shape) for name, tensor in weights.items()}, origin)
    if isinstance(found, ArchitectureMiss):
        raise _unknown(found)
    return tuple(found)


def _unknown(miss: ArchitectureMiss) -> FileRefusal:
    differences = "; ".join(miss.differences[:MAX_DIFFERENCES])
    return FileRefusal(
        FailureCode.UNKNOWN_ARCHITECTURE,
        f"fits no known architecture. The nearest is {miss.title} ({miss.similarity:.0%} of the tensors agree): "
        f"{differences}.",
        "Upload a state dict of LeNet-300-100, LeNet-5, VGG, ResNet-20/32/56 or a multilayer perceptron.",
    )
