"""The 8x8 digits that come with scikit-learn (UCI optical recognition of handwritten digits, test part)."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np

from backend.domain.errors import FailureCode, JobFailure
from worker.data.labeled import LabeledExamples

FILE = Path("datasets") / "data" / "digits.csv.gz"
"""Inside scikit-learn; read directly, because importing scikit-learn takes a second in every process."""
SIZE = 8
LARGEST_VALUE = 16
LARGEST_PIXEL = 255
CLASS_COUNT = 10
TEST_STRIDE = 5
"""Every fifth example is a test example: the source has no split of its own, and it is sorted by writer."""


def load_digits() -> LabeledExamples:
    """1,438 training and 359 test images of (1, 8, 8), values 0 to 16 stretched to 0 to 255.

    Raises JobFailure(DATA_UNAVAILABLE) when scikit-learn is not installed.
    """
    rows = np.loadtxt(_find_file(), delimiter=",")
    images = rows[:, :-1].reshape(-1, 1, SIZE, SIZE)
    pixels = np.rint(images * (LARGEST_PIXEL / LARGEST_VALUE)).astype(np.uint8)
    labels = rows[:, -1].astype(np.int64)
    is_test = np.arange(len(labels)) % TEST_STRIDE == TEST_STRIDE - 1
    return LabeledExamples.of_one_input(
        x_train=pixels[~is_test],
        y_train=labels[~is_test],
        x_test=pixels[is_test],
        y_test=labels[is_test],
        class_names=tuple(str(label) for label in range(CLASS_COUNT)),
    )


def _find_file() -> Path:
    package = find_spec("sklearn")
    folders = list(package.submodule_search_locations or ()) if package else []
    for folder in folders:
        if (path := Path(folder) / FILE).is_file():
            return path
    raise JobFailure(
        FailureCode.DATA_UNAVAILABLE,
        f"The digits come with scikit-learn, which is not installed whole (looked in {folders or 'no folder'}).",
        "Install the project with its worker extra: `pip install secateur[worker]`.",
    )
