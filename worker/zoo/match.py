"""Recognizing an architecture of the zoo from the names and shapes of a checkpoint's tensors."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import prod

import torch
from pydantic import JsonValue
from torch import Tensor, nn

from backend.domain.errors import FailureCode, InvalidValue, JobFailure
from backend.domain.network import ArchitectureMatch, ArchitectureMiss
from worker.zoo.architectures import ARCHITECTURES, Architecture, build_architecture
from worker.zoo.naming import Shapes, assign, natural_key, plain_names

COMMON_SHAPES: tuple[tuple[int, ...], ...] = ((1, 28, 28), (3, 32, 32), (1, 8, 8))
"""Shapes of images tried when the tensors do not tell the size, the likeliest first."""
COMMON_SIZES = (28, 32, 8, 16, 48, 64, 96, 128, 224)
"""Heights (= widths) tried where the tensors do tell the size."""
LARGER_SIZES = (32, 64, 128)
"""Heights (= widths) offered beside the usual one for networks that were designed for ImageNet."""
_NEAREST = 4
"""Architectures that are compared with tensors that fit none."""
_FIRST_CELL = "weight_ih_l0"
_CELL = re.compile(r"weight_[ih]h_l\d+")
"""Weights of recurrent layers, which are matrices too."""
_MAXIMUM_DIFFERENCES = 8
_MATRIX_AXES = 2
_KERNEL_AXES = 4


@dataclass(frozen=True)
class _Candidate:
    """One way to build an architecture for the tensors at hand."""

    architecture: Architecture
    input_shape: tuple[int, ...]
    class_count: int
    widths: tuple[int, ...] | None

    def build(self) -> nn.Module:
        return build_architecture(self.architecture.name, self.input_shape, self.class_count, self.widths)

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shapes of the state dict, without making the tensors."""
        with torch.device("meta"):
            state = self.build().state_dict()
        return {name: tuple(state[name].shape) for name in plain_names(state)}


def match(shapes: Shapes, origin: Mapping[str, JsonValue] | None = None) -> list[ArchitectureMatch] | ArchitectureMiss:
    """Every architecture (and input shape) that the tensors fit exactly, the likeliest first; else the nearest.

    `origin` is the JSON object that our own files carry in their metadata; it decides where several fit.
    """
    given = _plain(shapes)
    expected = {candidate: candidate.shapes() for candidate in _candidates(given)}
    fits = [candidate for candidate, names in expected.items() if assign(names, given) is not None]
    matches = [
        ArchitectureMatch(
            architecture=candidate.architecture.name,
            title=candidate.architecture.title,
            input_shape=candidate.input_shape,
            class_count=candidate.class_count,
        )
        for candidate in fits
    ]
    if not matches:
        return _nearest(expected, given)
    if origin is not None:
        told = [
            fit
            for fit in matches
            if fit.architecture == origin.get("architecture") and list(fit.input_shape) == origin.get("input_shape")
        ]
        matches = told or matches
    return matches


def fit(choice: ArchitectureMatch, tensors: Mapping[str, Tensor]) -> nn.Module:
    """The chosen architecture with the checkpoint's weights in float32, in evaluation mode.

    Raises `JobFailure` (ARCHITECTURE_MISMATCH) when the tensors do not fit it.
    """
    names = plain_names(tensors)
    given = {name: tuple(tensors[original].shape) for name, original in names.items()}
    candidate = _Candidate(
        ARCHITECTURES[choice.architecture], choice.input_shape, choice.class_count, _free_widths(choice, given)
    )
    try:
        module = candidate.build()
    except InvalidValue as error:
        raise JobFailure(FailureCode.ARCHITECTURE_MISMATCH, error.detail, error.hint or "") from error
    expected = candidate.shapes()
    assigned = assign(expected, given)
    if assigned is None:
        differences = "; ".join(_differences(expected, given))
        raise JobFailure(
            FailureCode.ARCHITECTURE_MISMATCH,
            f"The tensors do not fit {choice.title}: {differences}.",
            "Choose another architecture or another input shape.",
        )
    state = {name: tensors[names[plain]].to(torch.float32) for name, plain in assigned.items()}
    module.load_state_dict(state)
    return module.eval()


def _plain(shapes: Shapes) -> dict[str, tuple[int, ...]]:
    return {name: tuple(shapes[given]) for name, given in plain_names(shapes).items()}


def _candidates(given: Shapes) -> Iterator[_Candidate]:
    """Architectures of about as many tensors as are given, with every input shape that is possible for them.

    Those with exactly as many tensors are the only ones that can fit; the nearest others are there to be named.
    """
    class_count = _class_count(given)
    for architecture in _likely(len(given)):
        for input_shape in _input_shapes(architecture, given):
            widths = _mlp_widths(given) if architecture.name == "mlp" else None
            if architecture.name != "mlp" or widths is not None:
                yield _Candidate(architecture, input_shape, class_count, widths)


def _likely(tensor_count: int) -> list[Architecture]:
    """Architectures whose number of tensors is free or exactly right; where none is, the nearest ones."""
    fixed = [architecture for architecture in ARCHITECTURES.values() if architecture.tensor_count]
    by_distance = sorted(fixed, key=lambda architecture: abs(architecture.tensor_count - tensor_count))
    right = [architecture for architecture in by_distance if architecture.tensor_count == tensor_count]
    free = [architecture for architecture in ARCHITECTURES.values() if not architecture.tensor_count]
    return [*(right or by_distance[:_NEAREST]), *free]


def _input_shapes(architecture: Architecture, given: Shapes) -> list[tuple[int, ...]]:
    """Input shapes worth trying, the likeliest first."""
    match architecture.reading:
        case "features":
            features = next((shape[1] for shape in _matrices(given)), prod(COMMON_SHAPES[0]))
            return [shape for shape in COMMON_SHAPES if prod(shape) == features] or [(features,)]
        case "rows":
            features = next((shape[1] for name, shape in given.items() if name.endswith(_FIRST_CELL)), 1)
            fitting = [shape for shape in COMMON_SHAPES if shape[0] * shape[2] == features]
            return fitting or [(1, features, features)]
        case "fixed size":
            sizes = [size for size in COMMON_SIZES if size >= architecture.minimum_size]
            return [(channels, size, size) for size in sizes for channels in _channels(given)]
        case "any size":
            return [shape for channels in _channels(given) for shape in _averaged_shapes(architecture, channels)]


def _averaged_shapes(architecture: Architecture, channels: int) -> list[tuple[int, ...]]:
    """Shapes of images whose size the weights do not tell."""
    if architecture.usual_size:
        sizes = (architecture.usual_size, *(size for size in LARGER_SIZES if size >= architecture.minimum_size))
        return [(channels, size, size) for size in sizes]
    fitting = [shape for shape in COMMON_SHAPES if shape[0] == channels and shape[1] >= architecture.minimum_size]
    smallest = max(architecture.minimum_size, COMMON_SHAPES[1][1])
    return [*fitting] or [(channels, smallest, smallest)]


def _channels(given: Shapes) -> list[int]:
    """Channels that the images may have: the fewest that a convolution reads, depthwise ones counted or not."""
    read = {shape[1] for shape in given.values() if len(shape) == _KERNEL_AXES}
    return sorted({min(read, default=1), min(read - {1}, default=1)})


def _matrices(given: Shapes) -> list[tuple[int, ...]]:
    """Shapes of the fully connected layers, in the natural order of their names."""
    names = [name for name in sorted(given, key=natural_key) if not _CELL.search(name)]
    return [given[name] for name in names if len(given[name]) == _MATRIX_AXES]


def _class_count(given: Shapes) -> int:
    """Width of the last fully connected layer, or of a convolution that classifies."""
    matrices = _matrices(given)
    if matrices:
        return max(matrices[-1][0], 1)
    classifiers = [shape[0] for name, shape in given.items() if name.startswith("classifier") and len(shape) > 1]
    return max(classifiers[-1], 1) if classifiers else 10


def _mlp_widths(given: Shapes) -> tuple[int, ...] | None:
    """Hidden widths when all tensors are a chain of fully connected layers with biases."""
    matrices = _matrices(given)
    biases = sum(len(shape) == 1 for shape in given.values())
    if not matrices or len(given) != len(matrices) + biases or biases != len(matrices):
        return None
    if any(first[0] != second[1] for first, second in pairwise(matrices)) or min(map(min, matrices)) < 1:
        return None
    return tuple(shape[0] for shape in matrices[:-1])


def _free_widths(choice: ArchitectureMatch, given: Shapes) -> tuple[int, ...] | None:
    return _mlp_widths(given) if choice.architecture == "mlp" else None


def _nearest(expected: Mapping[_Candidate, Shapes], given: Shapes) -> ArchitectureMiss:
    def similarity(names: Shapes) -> float:
        agreeing = sum(given.get(name) == shape for name, shape in names.items())
        return agreeing / len(names.keys() | given.keys())

    best = max(expected, key=lambda candidate: similarity(expected[candidate]))
    return ArchitectureMiss(
        architecture=best.architecture.name,
        title=best.architecture.title,
        similarity=similarity(expected[best]),
        differences=tuple(_differences(expected[best], given)),
    )


def _differences(expected: Shapes, given: Shapes) -> list[str]:
    """What differs, in sentences; the first few."""
    found = [
        f"{name} is {given[name]}, expected {shape}" if name in given else f"{name} {shape} is missing"
        for name, shape in expected.items()
        if given.get(name) != shape
    ]
    found += [f"{name} {shape} is not part of it" for name, shape in given.items() if name not in expected]
    if len(found) > _MAXIMUM_DIFFERENCES:
        more = len(found) - _MAXIMUM_DIFFERENCES
        found = [*found[:_MAXIMUM_DIFFERENCES], f"and {more} more differences"]
    return found
