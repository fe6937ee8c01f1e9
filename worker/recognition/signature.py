"""Signatures of networks: a digest of tensor names and shapes in which the number of classes is left open."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

Shapes = Mapping[str, tuple[int, ...]]

_DIGEST_BYTES = 8
_OPEN = "C"


@dataclass(frozen=True)
class ClassAxis:
    """One axis of a tensor whose size follows the number of classes: `factor * classes + offset`."""

    tensor: str
    axis: int
    factor: int = 1
    offset: int = 0

    def classes(self, shape: Sequence[int]) -> int | None:
        """The number of classes that a shape speaks of; None when it cannot be."""
        if self.axis >= len(shape):
            return None
        count, rest = divmod(shape[self.axis] - self.offset, self.factor)
        return count if count > 0 and rest == 0 else None


Head = tuple[ClassAxis, ...]
"""All axes of a network that follow its number of classes."""


def digest(shapes: Shapes, head: Head = ()) -> str:
    """Hexadecimal digest of sorted names and shapes, with the axes of `head` left open."""
    written: dict[str, list[str]] = {name: [str(size) for size in shape] for name, shape in shapes.items()}
    for open_axis in head:
        written[open_axis.tensor][open_axis.axis] = _OPEN
    lines = "\n".join(f"{name} {','.join(sizes)}" for name, sizes in sorted(written.items()))
    return blake2b(lines.encode(), digest_size=_DIGEST_BYTES).hexdigest()


def body(shapes: Shapes, head: Head) -> dict[str, tuple[int, ...]]:
    """All tensors but those of the head."""
    own = {open_axis.tensor for open_axis in head}
    return {name: tuple(shape) for name, shape in shapes.items() if name not in own}


def class_count(shapes: Shapes, head: Head) -> int | None:
    """The number of classes that all axes of a head agree on; None when a tensor is missing or they disagree."""
    if any(open_axis.tensor not in shapes for open_axis in head):
        return None
    counts = {open_axis.classes(shapes[open_axis.tensor]) for open_axis in head}
    return counts.pop() if len(counts) == 1 else None


def find_head(first: Shapes, second: Shapes, counts: tuple[int, int]) -> Head:
    """The axes in which the same architecture differs when it is built for two numbers of classes.

    Raises `ValueError` when it differs in anything else.
    """
    if set(first) != set(second):
        raise ValueError("the names of the tensors follow the number of classes")
    found = []
    for name in sorted(first):
        if len(first[name]) != len(second[name]):
            raise ValueError(f"the axes of {name} follow the number of classes")
        for axis, sizes in enumerate(zip(first[name], second[name], strict=True)):
            if sizes[0] != sizes[1]:
                factor, rest = divmod(sizes[1] - sizes[0], counts[1] - counts[0])
                if rest or factor < 1:
                    raise ValueError(f"{name} does not grow evenly with the number of classes")
                found.append(ClassAxis(name, axis, factor, sizes[0] - factor * counts[0]))
    return tuple(found)
