"""Opening uploaded datasets: the child reads the file, this side checks the arrays once more."""

from pathlib import Path

from safetensors.numpy import load as load_arrays

from worker.data import NeutralDataset, to_neutral
from worker.intake.arrays import to_examples
from worker.intake.output import naming_failures, read_checked
from worker.intake.refusals import naming
from worker.sandbox.limits import Limits
from worker.sandbox.parent import locked_down

CHILD = "worker.intake.dataset_child:inspect"
ARRAYS_NAME = "arrays.safetensors"
UNPACKED_RATIO = 8
"""Room for arrays this many times larger than their compressed file."""


def inspect_dataset(file: Path, *, name: str | None = None, allow_unsandboxed: bool = False) -> NeutralDataset:
    """Read an uploaded `.npz` of arrays (see `read_arrays`) in a locked-down child.

    Raises JobFailure: REJECTED_FILE (damaged), UNSAFE_FILE (pickled objects), INVALID_DATASET (names the array and
    what to do), and those of `locked_down`.
    """
    shown = name or file.name
    limits = Limits.for_file(UNPACKED_RATIO * file.stat().st_size)
    arguments = {"name": shown, "arrays": ARRAYS_NAME}
    with (
        naming_failures(shown),
        locked_down(CHILD, file, arguments, limits, is_lockdown_required=not allow_unsandboxed) as (_, workplace),
    ):
        stored = read_checked(workplace, ARRAYS_NAME)
    with naming(shown):
        return to_neutral(to_examples(load_arrays(stored)))
