"""Writes the recognition index from all torchvision and timm architectures: `python -m tools.build_recognition_index`.

Needs the libraries (tests/benchmarks/requirements.txt says how) and about ten minutes. Networks are built
without memory for their weights. What cannot be built is named at the end.
"""

import argparse
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from tools.libraries import timm, torchvision
from worker.recognition.index import FILE_NAME, Known, StoredIndex, pack
from worker.recognition.signature import Head, Shapes, body, digest, find_head

TARGET = Path(__file__).parents[1] / "worker" / "recognition" / FILE_NAME
COUNTS = (1000, 7)
_COUNTER = "num_batches_tracked"
_FRAMES = 16
_SIZE = 224


class WithoutWeights(TorchFunctionMode):
    """Makes new tensors on the meta device and skips what would fill them; computed tensors stay what they are."""

    _MAKERS = frozenset({torch.empty, torch.zeros, torch.ones, torch.rand, torch.randn, torch.full})

    def __torch_function__(
        self, function: Any, types: Sequence[type], args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """Redirect the makers; leave meta tensors unfilled."""
        named = dict(kwargs or {})
        if function in self._MAKERS:
            named["device"] = "meta"
            return function(*args, **named)
        name = getattr(function, "__name__", "")
        is_in_place = name.endswith("_") and not name.endswith("__")
        if is_in_place and args and isinstance(args[0], torch.Tensor) and args[0].is_meta:
            return args[0]
        return function(*args, **named)


@dataclass(frozen=True)
class Recipe:
    """How to build one architecture for a number of classes (None: as the library does by itself)."""

    known: Known
    make: Callable[[int | None], nn.Module]

    def build(self, classes: int | None) -> nn.Module:
        """The module without memory for its weights."""
        try:
            with WithoutWeights():
                return self.make(classes)
        except (NotImplementedError, RuntimeError):
            with torch.device("meta"):
                return self.make(classes)


def recipes() -> Iterator[Recipe]:
    """All architectures of both libraries; those of torchvision first."""
    models = torchvision.models
    modules = {
        "classification": models,
        "video classification": models.video,
        "segmentation": models.segmentation,
        "detection": models.detection,
        "optical flow": models.optical_flow,
    }
    for task, module in modules.items():
        for name in models.list_models(module=module):
            known = Known(library="torchvision", name=name, task=task, input_shape=_published(name, task))
            yield Recipe(known, _torchvision_maker(name, task))
    for name in timm.list_models():
        shape = timm.get_pretrained_cfg(name, allow_unregistered=True)
        size = tuple(shape.input_size) if shape is not None and shape.input_size else None
        yield Recipe(Known(library="timm", name=name, task="classification", input_shape=size), _timm_maker(name))


def _published(name: str, task: str) -> tuple[int, ...] | None:
    """The input of a torchvision network's published weights."""
    if task not in {"classification", "video classification"}:
        return None
    options = torchvision.models.get_model_weights(name).DEFAULT.transforms.keywords
    size = options.get("crop_size", _SIZE)
    height, width = (size, size) if isinstance(size, int) else size
    return (3, height, width) if task == "classification" else (3, _FRAMES, height, width)


def _torchvision_maker(name: str, task: str) -> Callable[[int | None], nn.Module]:
    extra: dict[str, Any] = {"weights_backbone": None} if task in {"segmentation", "detection"} else {}
    if name in {"googlenet", "inception_v3"}:
        extra["init_weights"] = False

    def make(classes: int | None) -> nn.Module:
        options = extra if classes is None else {**extra, "num_classes": classes}
        module: nn.Module = torchvision.models.get_model(name, weights=None, **options)
        return module

    return make


def _timm_maker(name: str) -> Callable[[int | None], nn.Module]:
    def make(classes: int | None) -> nn.Module:
        options = {} if classes is None else {"num_classes": classes}
        module: nn.Module = timm.create_model(name, pretrained=False, **options)
        return module

    return make


class Collection:
    """The index while it is made."""

    def __init__(self) -> None:
        self.architectures: list[Known] = []
        self.heads: dict[Head, int] = {}
        self.whole: dict[str, tuple[int, list[int]]] = {}
        self.headless: dict[str, list[int]] = defaultdict(list)

    def add(self, recipe: Recipe) -> None:
        """Build an architecture and note its digests; raises what building it raises."""
        module = recipe.build(None)
        plain = _shapes(module)
        is_usual = getattr(module, "num_classes", None) == COUNTS[0]
        built = (plain if is_usual else _attempt(recipe, COUNTS[0]), _attempt(recipe, COUNTS[1]))
        position = len(self.architectures)
        self.architectures.append(recipe.known)
        bodies = {digest(plain)}
        if built[0] is not None and built[1] is not None:
            head = find_head(built[0], built[1], COUNTS)
            if head:
                number = self.heads.setdefault(head, len(self.heads))
                self.whole.setdefault(digest(built[0], head), (number, []))[1].append(position)
                bodies = {digest(body(built[0], head)), digest(body(plain, head))}
        for key in sorted(bodies):
            self.headless[key].append(position)

    def stored(self) -> StoredIndex:
        """The finished index."""
        return StoredIndex(
            libraries={"timm": timm.__version__, "torchvision": torchvision.__version__},
            heads=tuple(
                tuple((axis.tensor, axis.axis, axis.factor, axis.offset) for axis in head) for head in self.heads
            ),
            whole={key: (head, tuple(positions)) for key, (head, positions) in self.whole.items()},
            headless={key: tuple(positions) for key, positions in self.headless.items()},
            architectures=tuple(self.architectures),
        )


def _shapes(module: nn.Module) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the state dict, without batch norm's counters."""
    state = module.state_dict()
    return {name: tuple(value.shape) for name, value in state.items() if not name.endswith(_COUNTER)}


def _attempt(recipe: Recipe, classes: int) -> Shapes | None:
    """Shapes for a number of classes; None when the architecture has none."""
    try:
        return _shapes(recipe.build(classes))
    except TypeError:
        return None


def main() -> None:
    """Build everything and write the index."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--target", type=Path, default=TARGET)
    options = parser.parse_args()
    collection, missing = Collection(), []
    for recipe in recipes():
        try:
            collection.add(recipe)
        except Exception as error:  # noqa: BLE001 - whatever a library raises, the others go on
            missing.append(f"{recipe.known.library}/{recipe.known.name}: {type(error).__name__}: {error}")
    packed = pack(collection.stored())
    options.target.write_bytes(packed)
    size = f"{len(collection.architectures)} architectures, {len(collection.heads)} heads, {len(packed)} bytes"
    sys.stdout.write("\n".join([size, *missing, ""]))


if __name__ == "__main__":
    main()
