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
from worker.intake.safetensors_header import MAX_TENSORS, broken, read_header
from worker.intake.weights import plain_weights
from worker.recognition import Recognition, recognize
from worker.zoo import fit, match

MAX_ALTERNATIVES = 3
MAX_DIFFERENCES = 4
ALIKE = 0.2
"""Share of tensors that agree below which the nearest architecture tells nothing."""
_LEARNED = ("weight", "bias")


def open_safetensors(uploaded: Uploaded) -> Opened:
    """The network of a safetensors file, or the architectures to choose from; raises `FileRefusal`."""
    tensors, origin = _read_safetensors(uploaded)
    return _open(uploaded, tensors, origin)


def open_torch(uploaded: Uploaded) -> Opened:
    """The network of a state dict that `torch.save` wrote, or the architectures to choose from."""
    return _open(uploaded, read_torch(uploaded.path), None)


def _open(uploaded: Uploaded, tensors: Mapping[str, Tensor], origin: dict[str, JsonValue] | None) -> Opened:
    _refuse_library_networks(uploaded, tensors)
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
    found = match(_shapes(weights), origin)
    if isinstance(found, ArchitectureMiss):
        raise _unknown(found)
    return tuple(found)


def _shapes(tensors: Mapping[str, Tensor]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in tensors.items()}


def _refuse_library_networks(uploaded: Uploaded, tensors: Mapping[str, Tensor]) -> None:
    """Say what a torchvision or timm network is and how to export it, before anything in it is called unusable.

    But for weights of whole numbers (quantized ones), which the library's network could not hold either.
    """
    if uploaded.choice is not None or len(tensors) > MAX_TENSORS:
        return
    learned = (tensor for name, tensor in tensors.items() if name.rpartition(".")[2] in _LEARNED)
    if not all(tensor.is_floating_point() for tensor in learned):
        return
    shapes = _shapes(tensors)
    recognition = recognize(shapes)
    if recognition is not None and isinstance(match(shapes), ArchitectureMiss):
        raise _library_network(recognition, printable(uploaded.name))


def _library_network(recognition: Recognition, file_name: str) -> FileRefusal:
    """The file's network is known, but only its library can build it."""
    library, architecture = recognition.library, recognition.architecture
    classes = f" for {recognition.class_count} classes" if recognition.class_count else ""
    others = f" (also: {', '.join(recognition.alternatives[:MAX_ALTERNATIVES])})" if recognition.alternatives else ""
    if not recognition.is_classifier:
        return FileRefusal(
            FailureCode.UNKNOWN_ARCHITECTURE,
            f"is recognized as `{architecture}` of {library}, a network for {recognition.task}; only networks that "
            "answer with class scores, (N, classes), can be pruned.",
            "Upload a network for classification; as an exported program (.pt2) or as ONNX it may be of any make.",
        )
    return FileRefusal(
        FailureCode.UNKNOWN_ARCHITECTURE,
        f"is recognized as `{architecture}` of {library}{classes}{others}, which Secateur cannot build by itself; it "
        "must come as an exported program.",
        f"Where {library} is installed, run these lines and upload the file that they write:\n"
        f"{recognition.export_snippet(file_name)}",
    )


def _unknown(miss: ArchitectureMiss) -> FileRefusal:
    differences = "".join(f"\n- {difference}" for difference in miss.differences[:MAX_DIFFERENCES])
    nearest = f"The nearest is {miss.title} ({miss.similarity:.0%} of the tensors agree):{differences}\n"
    if miss.similarity < ALIKE:
        nearest = (
            "All names and shapes must be those of an architecture that Secateur has, or of one of torchvision or timm "
            "(the number of classes is free)."
        )
    return FileRefusal(
        FailureCode.UNKNOWN_ARCHITECTURE,
        f"fits no known architecture. {nearest}",
        "Upload it as an exported program (.pt2) or as ONNX instead: these bring their architecture along.",
    )
