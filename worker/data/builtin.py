"""Built-in datasets by name."""

from collections.abc import Sequence
from pathlib import Path

from backend.domain.errors import FailureCode, JobFailure
from worker.data.digits import load_digits
from worker.data.image_archives import FASHION_MNIST, MNIST
from worker.data.labeled import LabeledExamples

DIGITS = "digits"
_ARCHIVES = {archive.name: archive for archive in (FASHION_MNIST, MNIST)}
NAMES = (DIGITS, *_ARCHIVES)


def load_builtin(name: str, folders: Sequence[Path], cache: Path) -> LabeledExamples:
    """A built-in dataset; `folders` are searched before anything is downloaded into `cache`.

    Raises JobFailure(DATA_UNAVAILABLE) for an unknown name, and when the files are nowhere to be had.
    """
    if name == DIGITS:
        return load_digits()
    if name in _ARCHIVES:
        return _ARCHIVES[name].load(folders, cache)
    raise JobFailure(
        FailureCode.DATA_UNAVAILABLE, f"There is no built-in dataset `{name}`.", f"Choose one of {', '.join(NAMES)}."
    )
