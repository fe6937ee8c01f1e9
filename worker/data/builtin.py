"""Built-in datasets by name."""

from collections.abc import Sequence
from pathlib import Path

from backend.domain.errors import FailureCode, JobFailure
from worker.data.digits import load_digits
from worker.data.fashion_mnist import FOLDER_NAME as FASHION_MNIST
from worker.data.fashion_mnist import load_fashion_mnist
from worker.data.labeled import LabeledExamples

DIGITS = "digits"
NAMES = (DIGITS, FASHION_MNIST)


def load_builtin(name: str, folders: Sequence[Path], cache: Path) -> LabeledExamples:
    """A built-in dataset; `folders` are searched before anything is downloaded into `cache`.

    Raises JobFailure(DATA_UNAVAILABLE) for an unknown name, and when the files are nowhere to be had.
    """
    if name == DIGITS:
        return load_digits()
    if name == FASHION_MNIST:
        return load_fashion_mnist(folders, cache)
    raise JobFailure(
        FailureCode.DATA_UNAVAILABLE, f"There is no built-in dataset `{name}`.", f"Choose one of {', '.join(NAMES)}."
    )
