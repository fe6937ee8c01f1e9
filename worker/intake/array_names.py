"""Which arrays of a file make up a dataset: one array of examples for each input, and the labels."""

from collections.abc import Mapping, Sequence

from backend.domain.datasets import ONLY
from backend.domain.fitting import input_name
from worker.data.labeled import LABELS, TEST, TRAIN, Array, array_name, input_of
from worker.intake.refusals import invalid_dataset, printable

SAVE_AGAIN = "Write it again with `numpy.savez_compressed(path, x_train=..., y_train=..., x_test=..., y_test=...)`."
SEVERAL = (
    "For a network with several inputs, store an array for each under its name: `x_train_image` and `x_test_image`, "
    "`x_train_tokens` and `x_test_tokens`, say; else `x_train` and `x_test` alone."
)
MAX_INPUTS = 100
_SHOWN = 10


def choose_arrays(found: Sequence[str]) -> tuple[str, ...]:
    """Names of a dataset's arrays among those of a file; raises `FileRefusal` that names what is missing."""
    parts = {part: {input_of(array, part) for array in found} - {None} for part in (TRAIN, TEST)}
    names = sorted({name for part in parts.values() for name in part if name is not None}) or [ONLY]
    if ONLY in names and len(names) > 1:
        others = ", ".join(f"`{printable(array_name(TRAIN, name))}`" for name in names[1 : _SHOWN + 1])
        raise invalid_dataset(
            f"has `{TRAIN}` or `{TEST}` for a single input, but also arrays such as {others}.", SEVERAL
        )
    if len(names) > MAX_INPUTS:
        raise invalid_dataset(f"has arrays for {len(names)} inputs; at most {MAX_INPUTS} are read.", SEVERAL)
    chosen = [array_name(part, name) for name in names for part in (TRAIN, TEST)]
    missing = [array for array in (*chosen, *LABELS) if array not in found]
    if missing:
        held = ", ".join(printable(array) for array in sorted(found)[:_SHOWN]) or "nothing"
        hint = (
            SAVE_AGAIN if names == [ONLY] else f"Store `{printable(missing[0])}` too, beside the arrays that are there."
        )
        raise invalid_dataset(f"has no array `{printable(missing[0])}`; it holds {held}.", hint)
    return (*chosen, *LABELS)


def inputs_of(arrays: Mapping[str, Array], part: str) -> dict[str, str]:
    """Names of a part's arrays by the input's name as networks bear it; raises `FileRefusal` for two that are alike."""
    given = {array: name for array in arrays if (name := input_of(array, part)) is not None}
    found: dict[str, str] = {}
    for array, name in given.items():
        fit = input_name(name) if name else ONLY
        if fit in found:
            raise invalid_dataset(
                f"has `{printable(found[fit])}` and `{printable(array)}`, which both stand for the input `{fit}`.",
                "Give the inputs names that differ in letters, digits or underscores.",
            )
        found[fit] = array
    return found
