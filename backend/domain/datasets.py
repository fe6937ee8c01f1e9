"""What the web may know of a dataset."""

from typing import Any, Literal

from pydantic import Field, NonNegativeInt, PositiveInt, model_validator

from backend.domain.spec import Spec

DatasetSource = Literal["builtin", "upload"]
BUILTIN_DATASETS: dict[str, str] = {
    "digits": "Digits, 8x8",
    "fashion-mnist": "Fashion-MNIST, 28x28",
    "mnist": "MNIST, 28x28",
}
"""Built-in datasets by name, with the title the browser shows."""


ONLY = ""
"""Name of a dataset's input where there is but one."""


class DatasetInput(Spec):
    """One array of examples, for one input of a network."""

    name: str
    """Of the input that it is for; empty where there is but one array."""
    shape: tuple[PositiveInt, ...]
    """Of one example: channels, height, width of an image."""
    type: str | None = None
    """Of the stored numbers, such as `uint8`; None in datasets that were read before this was kept."""
    smallest: int | float | None = None
    """Smallest number of all examples."""
    largest: int | float | None = None
    """Largest number of all examples."""
    is_drawn: bool = True
    """It is in the picture of examples; of several inputs those that are images are, one below the other."""


class DatasetSummary(Spec):
    """Counts, classes and shapes of a labelled dataset."""

    train_count: NonNegativeInt
    """Training examples before a validation split is carved from them."""
    test_count: NonNegativeInt
    input_shape: tuple[PositiveInt, ...]
    """Channels, height, width of one example (of the first input)."""
    inputs: tuple[DatasetInput, ...] = Field(min_length=1)
    """One array for each input, in the order of their names."""
    class_names: tuple[str, ...]
    train_class_counts: tuple[NonNegativeInt, ...]
    test_class_counts: tuple[NonNegativeInt, ...]
    content_hash: str
    """sha256 over the arrays' bytes in a fixed order."""

    @model_validator(mode="before")
    @classmethod
    def _upgrade(cls, data: Any) -> Any:
        """Read summaries from before there could be several inputs."""
        if not isinstance(data, dict) or "inputs" in data:
            return data
        return data | {"inputs": ({"name": ONLY, "shape": data.get("input_shape")},)}

    @property
    def class_count(self) -> int:
        """Number of classes."""
        return len(self.class_names)
