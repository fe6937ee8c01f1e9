"""Labelled examples as arrays, and the hash that names their content."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from backend.domain.datasets import ONLY

Array = np.ndarray[Any, np.dtype[Any]]
TRAIN, TEST = "x_train", "x_test"
"""Names of the arrays of examples; where there are several, `_` and the name of the input follow."""
LABELS = ("y_train", "y_test")


@dataclass(frozen=True)
class LabeledExamples:
    """Training and test examples with their labels.

    `x_*` are (N, ...) by the name of the input that they are for, the same ones in both; `ONLY` stands for the only
    one. Those are images (N, C, H, W) or vectors (N, F). Pixels are uint8, other numbers int32, int64 or float32.
    `y_*` are (N,) int64 positions in `class_names`.
    """

    x_train: Mapping[str, Array]
    y_train: Array
    x_test: Mapping[str, Array]
    y_test: Array
    class_names: tuple[str, ...]

    @classmethod
    def of_one_input(
        cls, x_train: Array, y_train: Array, x_test: Array, y_test: Array, class_names: tuple[str, ...]
    ) -> Self:
        """Examples for networks with one input."""
        return cls({ONLY: x_train}, y_train, {ONLY: x_test}, y_test, class_names)

    @property
    def names(self) -> tuple[str, ...]:
        """Of the inputs, sorted: a file has no order."""
        return tuple(sorted(self.x_train))

    def arrays(self) -> dict[str, Array]:
        """The arrays by name in the order in which they are hashed, contiguous."""
        arrays = {array_name(TRAIN, name): self.x_train[name] for name in self.names}
        arrays["y_train"] = self.y_train
        arrays |= {array_name(TEST, name): self.x_test[name] for name in self.names}
        arrays["y_test"] = self.y_test
        return {name: np.ascontiguousarray(array) for name, array in arrays.items()}

    def content_hash(self) -> str:
        """sha256 (hex) over the arrays in a fixed order, each with its name, type and shape."""
        digest = hashlib.sha256()
        for name, array in self.arrays().items():
            digest.update(f"{name}:{array.dtype.str}:{array.shape};".encode())
            digest.update(array.data)
        return digest.hexdigest()


def array_name(part: str, name: str) -> str:
    """What the array of an input is called in a file: `x_train`, or `x_train_image`."""
    return f"{part}_{name}" if name else part


def input_of(array: str, part: str) -> str | None:
    """Name of the input whose array of a part (`x_train` or `x_test`) this is; None where it is another array."""
    if array == part:
        return ONLY
    return array.removeprefix(f"{part}_") if array.startswith(f"{part}_") else None
