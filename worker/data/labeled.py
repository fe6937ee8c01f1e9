"""Labelled examples as arrays, and the hash that names their content."""

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
ARRAY_NAMES = ("x_train", "y_train", "x_test", "y_test")
"""The four arrays of a dataset, in the order in which they are hashed."""


@dataclass(frozen=True)
class LabeledImages:
    """Training and test examples with their labels.

    `x_*` are (N, C, H, W), or (N, F) for plain vectors, uint8 or float32.
    `y_*` are (N,) int64 positions in `class_names`.
    """

    x_train: Array
    y_train: Array
    x_test: Array
    y_test: Array
    class_names: tuple[str, ...]

    def arrays(self) -> dict[str, Array]:
        """The four arrays by name, contiguous."""
        return {name: np.ascontiguousarray(getattr(self, name)) for name in ARRAY_NAMES}

    def content_hash(self) -> str:
        """sha256 (hex) over the arrays in a fixed order, each with its name, type and shape."""
        digest = hashlib.sha256()
        for name, array in self.arrays().items():
            digest.update(f"{name}:{array.dtype.str}:{array.shape};".encode())
            digest.update(array.data)
        return digest.hexdigest()
