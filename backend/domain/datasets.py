"""What the web may know of a dataset."""

from typing import Literal

from pydantic import NonNegativeInt, PositiveInt

from backend.domain.spec import Spec

DatasetSource = Literal["builtin", "upload"]
BUILTIN_DATASETS: dict[str, str] = {"digits": "Digits, 8x8", "fashion-mnist": "Fashion-MNIST, 28x28"}
"""Built-in datasets by name, with the title the browser shows."""


class DatasetSummary(Spec):
    """Counts, classes and shape of a labelled image (or vector) dataset."""

    train_count: NonNegativeInt
    """Training examples before a validation split is carved from them."""
    test_count: NonNegativeInt
    input_shape: tuple[PositiveInt, ...]
    """Channels, height, width of one example."""
    class_names: tuple[str, ...]
    train_class_counts: tuple[NonNegativeInt, ...]
    test_class_counts: tuple[NonNegativeInt, ...]
    content_hash: str
    """sha256 over the arrays' bytes in a fixed order."""

    @property
    def class_count(self) -> int:
        """Number of classes."""
        return len(self.class_names)
