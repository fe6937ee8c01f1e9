"""What a set of tensors is recognized as, and the three lines of Python that export it."""

import json
from dataclasses import dataclass

from worker.recognition.index import Index, Known, load_index
from worker.recognition.signature import Shapes, class_count, digest
from worker.zoo.naming import plain_names

_USUAL_SHAPE = (3, 224, 224)
_EXAMPLES = 2
_CLASSIFIERS = frozenset({"classification", "video classification"})


@dataclass(frozen=True)
class Recognition:
    """An architecture of a library that has exactly these tensors."""

    library: str
    """`torchvision` or `timm`."""
    architecture: str
    """The name under which the library builds it."""
    task: str
    """`classification`, or what else the network answers."""
    class_count: int | None
    """Number of classes of this checkpoint; None when it has no classification layer."""
    input_shape: tuple[int, ...] | None
    """The input that the architecture is published for, without the batch axis."""
    prefix: str
    """What stands before every name in the file, such as `module.`."""
    alternatives: tuple[str, ...]
    """Other architectures with the same tensors, as `library/name`."""
    absent: tuple[str, ...] = ()
    """Modules that the library's network has and this checkpoint lacks: its classification layer."""

    @property
    def is_classifier(self) -> bool:
        """Whether the architecture answers with class scores (N, classes), as networks must to be pruned."""
        return self.task in _CLASSIFIERS

    def export_snippet(self, file: str) -> str:
        """Three lines of Python that load `file` (`.pt`, `.pth` or `.safetensors`) and write an exported program."""
        is_safetensors = file.endswith(".safetensors")
        quoted = json.dumps(file, ensure_ascii=False)
        reader = f"load_file({quoted})" if is_safetensors else f"torch.load({quoted}, weights_only=True)"
        imports = f"import torch, {self.library}" + (
            "; from safetensors.torch import load_file" if is_safetensors else ""
        )
        shape = ", ".join(map(str, (_EXAMPLES, *(self.input_shape or _USUAL_SHAPE))))
        output = json.dumps(f"{file.rpartition('.')[0] or file}.pt2", ensure_ascii=False)
        return "\n".join(
            [
                f"{imports}; state = {reader}",
                f"model = {self._maker()}; model.load_state_dict({self._state()})",
                f"torch.export.save(torch.export.export(model.eval(), (torch.zeros({shape}),), "
                f"dynamic_shapes=({{0: torch.export.Dim.AUTO}},), strict=False), {output})",
            ]
        )

    def _maker(self) -> str:
        if self.library == "timm":
            return f'timm.create_model("{self.architecture}", num_classes={self.class_count or 0})'
        classes = "" if self.class_count is None else f", num_classes={self.class_count}"
        cut = "".join(f'; model.set_submodule("{name}", torch.nn.Identity())' for name in self.absent)
        return f'torchvision.models.get_model("{self.architecture}"{classes}){cut}'

    def _state(self) -> str:
        if not self.prefix:
            return "state"
        return f'{{name.removeprefix("{self.prefix}"): value for name, value in state.items()}}'


def recognize(shapes: Shapes) -> Recognition | None:
    """The torchvision or timm architecture whose tensors have exactly these names and shapes.

    The number of classes is free, the classification layer may be missing, and wrappers' prefixes (`module.`) as well
    as batch norm's counters make no difference. None when no architecture fits.
    """
    names = plain_names(shapes)
    plain = {name: tuple(shapes[given]) for name, given in names.items()}
    prefix = next((given.removesuffix(name) for name, given in names.items()), "")
    index = load_index()
    found = _whole(index, plain) or _headless(index, plain)
    if found is None:
        return None
    known, classes = found
    first, *others = sorted(known, key=_likelihood)
    return Recognition(
        library=first.library,
        architecture=first.name,
        task=first.task,
        class_count=classes,
        input_shape=first.input_shape,
        prefix=prefix,
        alternatives=tuple(f"{other.library}/{other.name}" for other in others),
        absent=index.head_modules(first) if classes is None else (),
    )


def _likelihood(known: Known) -> tuple[bool, int, str]:
    """Sort key: torchvision's own first, then plain names before their variants."""
    return (known.library != "torchvision", len(known.name), known.name)


def _whole(index: Index, plain: Shapes) -> tuple[tuple[Known, ...], int] | None:
    """Architectures that fit with all their tensors, and the number of classes."""
    for position, head in enumerate(index.heads):
        classes = class_count(plain, head)
        if classes is None:
            continue
        found = index.stored.whole.get(digest(plain, head))
        if found is not None and found[0] == position:
            return index.known(found[1]), classes
    return None


def _headless(index: Index, plain: Shapes) -> tuple[tuple[Known, ...], None] | None:
    """Architectures that fit without their classification layer."""
    found = index.stored.headless.get(digest(plain))
    return None if found is None else (index.known(found), None)
