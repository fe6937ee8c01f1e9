"""Which array of a dataset goes to which input of a network, or why they do not belong together."""

import builtins
import keyword
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import prod

from backend.domain.datasets import ONLY, DatasetInput
from backend.domain.network import NetworkInput

_NO_IDENTIFIER = re.compile(r"[^A-Za-z0-9_]+")
_TAKEN = frozenset(
    {*dir(builtins), "inf", "nan", "torch", "device", "fx_pytree", "pytree", "self", "F", "nn", "Tensor"}
)
"""Names that mean something else in a network's graph or in the source that is written of it."""
_RENAMED = frozenset(name.lower() for name in {*_TAKEN, *keyword.kwlist})
_LONGEST = 100
_LIMITS = {"bool": (0, 1), "uint8": (0, 255), "int32": (-(2**31), 2**31 - 1)}
"""Smallest and largest number of the types that do not hold all that a dataset does."""
_ANOTHER = "Choose the dataset that the model was trained on."


@dataclass(frozen=True)
class Misfit:
    """Why a network cannot be fed with a dataset, and what to do."""

    detail: str
    hint: str


def input_name(given: str) -> str:
    """An input's name as networks and datasets bear it: an identifier, whatever its author called it.

    `input` becomes `input_1` as in traced graphs, and `input.2` becomes `input_2`; such names stay as they are.
    """
    name = _NO_IDENTIFIER.sub("_", given)[:_LONGEST]
    name = f"_{name}" if not name or name[0].isdigit() else name
    return f"{name}_1" if keyword.iskeyword(name) or name in _TAKEN else name


def pair(wanted: Sequence[NetworkInput], held: Sequence[DatasetInput]) -> tuple[int, ...] | Misfit:
    """For every input of a network, in order, the position of the array that goes there.

    A single array goes to a single input, whatever their names; of several, names decide and never the order. Case and
    underscores count only where nothing else tells two names apart, as exporters change both. Shapes must agree but for
    axes of length 1 and for flattening; whole numbers must be what the input can take.
    """
    found = _by_name(wanted, held)
    if isinstance(found, Misfit):
        return found
    arrays = [held[position] for position in found]
    for place, (info, array) in enumerate(zip(wanted, arrays, strict=True)):
        misfit = _misfit(info, array, is_only=len(wanted) == 1)
        if misfit is not None:
            return _swapped(place, wanted, arrays, misfit) or misfit
    return found


def _by_name(wanted: Sequence[NetworkInput], held: Sequence[DatasetInput]) -> tuple[int, ...] | Misfit:
    if len(wanted) == len(held) == 1:
        return (0,)
    names = [array.name for array in held]
    if len(wanted) == 1:
        return Misfit(
            f"The network takes one input, but the dataset holds {len(held)}: {_listed(names)}.",
            "Choose a dataset with one array of examples, x_train.",
        )
    if {info.name for info in wanted} == set(names):
        return tuple(names.index(info.name) for info in wanted)
    bare, bare_names = [_bare(info.name) for info in wanted], [_bare(name) for name in names]
    if sorted(bare) == sorted(bare_names) and len(set(bare)) == len(bare):
        return tuple(map(bare_names.index, bare))
    arrays = ", ".join(f"x_train_{info.name} and x_test_{info.name}" for info in wanted)
    told = ", ".join(f"`{info.name}` ({shape_text(info.shape)})" for info in wanted)
    holds = "one array of examples" if names == [ONLY] else f"{len(held)}: {_listed(names)}"
    alike = [name for name in names if bare_names.count(_bare(name)) > 1]
    why = f" Names that differ in case and underscores only, {_listed(alike)}, must be the network's." if alike else ""
    return Misfit(
        f"The network takes {len(wanted)} inputs, {told}, but the dataset holds {holds}.{why}",
        f"Store an array for each input, named after it: {arrays}.",
    )


def _bare(name: str) -> str:
    """What exporters leave of a name: some lower its case, part its words or number it where it is taken."""
    lowered = name.lower()
    base = lowered.removesuffix("_1")
    return (base if base in _RENAMED else lowered).replace("_", "")


def _swapped(
    place: int, wanted: Sequence[NetworkInput], arrays: Sequence[DatasetInput], misfit: Misfit
) -> Misfit | None:
    """The same with the question whether names are swapped, where another array fits here and this one fits there."""
    info, array = wanted[place], arrays[place]
    for other, candidate in zip(wanted, arrays, strict=True):
        if _misfit(info, candidate, is_only=False) is None and _misfit(other, array, is_only=False) is None:
            hint = f"Are the names swapped? The arrays for `{info.name}` and `{other.name}` fit the other way round."
            return Misfit(misfit.detail, hint)
    return None


def _misfit(info: NetworkInput, array: DatasetInput, *, is_only: bool) -> Misfit | None:
    subject = "The network" if is_only else f"The network's input `{info.name}`"
    if not is_reshaped(info.shape, array.shape):
        return Misfit(
            f"{subject} takes inputs of shape {shape_text(info.shape)}, "
            f"but the dataset's examples are {shape_text(array.shape)}.",
            _ANOTHER,
        )
    return None if info.is_float else _misfit_of_numbers(info, array, subject)


def _misfit_of_numbers(info: NetworkInput, array: DatasetInput, subject: str) -> Misfit | None:
    """What speaks against giving these numbers to an input of whole numbers."""
    stored = f"x_train_{array.name}" if array.name else "x_train"
    is_truth = info.type == "bool"
    as_truth = (
        f"Store {stored} as truth values, such as `{stored} > 0`, its test part too, and upload the dataset again."
    )
    if array.type is not None and array.type.startswith("float"):
        kind = "truth values" if is_truth else "whole numbers"
        as_whole = (
            f"Store {stored} as whole numbers (`.astype('int64')`), its test part too, and upload the dataset again."
        )
        return Misfit(
            f"{subject} takes {kind} ({info.type}), but the dataset holds {array.type} values for it.",
            as_truth if is_truth else as_whole,
        )
    if array.smallest is None or array.largest is None:
        return None
    span = f"they go from {array.smallest} to {array.largest}"
    if info.rows is not None and not 0 <= array.smallest <= array.largest < info.rows:
        return Misfit(
            f"{subject} takes numbers from 0 to {info.rows - 1}, the rows of its embedding, but in the dataset {span}.",
            "Make the tokens with the vocabulary that the network was trained with.",
        )
    lowest, highest = _LIMITS.get(info.type, (array.smallest, array.largest))
    if not lowest <= array.smallest <= array.largest <= highest:
        return Misfit(
            f"{subject} takes {info.type} numbers, from {lowest} to {highest}, but in the dataset {span}.",
            as_truth if is_truth else f"Store numbers of this span in {stored} and in its test part.",
        )
    return None


def class_misfit(scores: int, others: Sequence[Sequence[int]], classes: int) -> Misfit | None:
    """What speaks against class scores for so many `scores` on a dataset of so many `classes`.

    `others` are shapes of the outputs after the first: one of them may be the class scores that were meant.
    """
    if scores == classes:
        return None
    found = [number for number, shape in enumerate(others, 2) if tuple(shape) == (classes,)]
    if found:
        return Misfit(
            f"The network's first output, which is taken for the class scores, has {scores} of them, but the dataset "
            f"has {classes} classes. Output {found[0]} has that many.",
            "Where that is the class scores, export the network so that it returns them first.",
        )
    return Misfit(f"The network tells {scores} classes apart, but the dataset has {classes}.", _ANOTHER)


def is_reshaped(wanted: Sequence[int], held: Sequence[int]) -> bool:
    """The same numbers in the same order: equal but for axes of length 1, or one of them flat."""
    if _squeezed(wanted) == _squeezed(held):
        return True
    return min(len(wanted), len(held)) == 1 and prod(wanted) == prod(held)


def shape_text(shape: Sequence[int]) -> str:
    """A shape in words, such as `3 x 32 x 32`; a single number for each example has none."""
    return " x ".join(map(str, shape)) or "one number"


def _squeezed(shape: Sequence[int]) -> list[int]:
    return [size for size in shape if size != 1]


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
