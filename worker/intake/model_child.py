"""Runs inside the sandbox: an untrusted checkpoint becomes a network, or a refusal that says why not."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import JsonValue
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from backend.domain.errors import FailureCode
from backend.domain.network import ArchitectureMatch, ArchitectureMiss
from worker.engine.network import capture, dump, zeros
from worker.engine.network.files import METADATA_KEY
from worker.intake.formats import Format, recognize
from worker.intake.pickled import read_torch
from worker.intake.refusals import FileRefusal, naming, printable
from worker.intake.safetensors_header import broken, read_header
from worker.intake.weights import plain_weights
from worker.zoo import fit, match

MAX_DIFFERENCES = 4


def inspect(file: Path, folder: Path, arguments: Mapping[str, Any]) -> JsonValue:
    """Write the network's two files into `folder`, or give the architectures to choose from.

    `arguments`: `name` (the file's name as the user knows it), `choice` (an ArchitectureMatch as JSON, or
    None), `graph` and `weights` (names of the files to write).
    """
    with naming(arguments["name"]):
        tensors, origin = _read(file)
        weights = plain_weights(tensors, file.stat().st_size)
        choice = ArchitectureMatch.model_validate(arguments["choice"]) if arguments["choice"] else None
        chosen = choice or _recognize(weights, origin)
    if not isinstance(chosen, ArchitectureMatch):
        return {"matches": [option.model_dump(mode="json") for option in chosen]}
    module = fit(chosen, weights)
    network = capture(module, zeros(module, chosen.input_shape), chosen.architecture)
    files = dump(network)
    (folder / arguments["graph"]).write_text(files.graph)
    (folder / arguments["weights"]).write_bytes(files.weights)
    return {"matches": [chosen.model_dump(mode="json")]}


def _read(file: Path) -> tuple[dict[str, Tensor], dict[str, JsonValue] | None]:
    """Tensors by name, and what our own files say of where they come from."""
    with file.open("rb") as stream:
        if recognize(stream) is Format.TORCH:
            return read_torch(file), None
        header = read_header(stream, file.stat().st_size)
    try:
        return load_file(file), _read_origin(header.metadata)
    except SafetensorError as error:
        raise broken(f"cannot be read: {printable(str(error))}") from error


def _read_origin(metadata: Mapping[str, str]) -> dict[str, JsonValue] | None:
    try:
        origin = json.loads(metadata.get(METADATA_KEY, "null"))
    except (ValueError, RecursionError):
        return None
    return origin if isinstance(origin, dict) else None


def _recognize(
    weights: Mapping[str, Tensor], origin: dict[str, JsonValue] | None
) -> ArchitectureMatch | list[ArchitectureMatch]:
    """The architecture that fits, or all of them where several do."""
    found = match({name: tuple(tensor.shape) for name, tensor in weights.items()}, origin)
    if isinstance(found, ArchitectureMiss):
        raise _unknown(found)
    return found[0] if len(found) == 1 else found


def _unknown(miss: ArchitectureMiss) -> FileRefusal:
    differences = "; ".join(miss.differences[:MAX_DIFFERENCES])
    return FileRefusal(
        FailureCode.UNKNOWN_ARCHITECTURE,
        f"fits no known architecture. The nearest is {miss.title} ({miss.similarity:.0%} of the tensors agree): "
        f"{differences}.",
        "Upload a state dict of LeNet-300-100, LeNet-5, VGG, ResNet-20/32/56 or a multilayer perceptron.",
    )
