"""From arrays as a user stores them to labelled examples; every refusal names the array and says what to do."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from backend.domain.datasets import ONLY
from worker.data.labeled import LABELS, TEST, TRAIN, Array, LabeledExamples
from worker.intake.array_names import inputs_of
from worker.intake.refusals import FileRefusal, invalid_dataset, printable

IMAGE_CHANNELS = (1, 3)
WHOLE = (np.uint8, np.int32, np.int64)
"""Types in which whole numbers are kept: pixels, and tokens."""
MAX_CLASSES = 10_000
MAX_VALUES_PER_EXAMPLE = 2**26
FLATTENED_IMAGES = {64: (1, 8, 8), 784: (1, 28, 28), 3072: (3, 32, 32)}
"""Vectors of these lengths are images that someone flattened: they get back the shape that the zoo's networks take."""
SHAPES = (
    "Shapes that can be used: (N, H, W), (N, C, H, W), (N, H, W, C) with C of 1 or 3, (N, F) for vectors, and any with "
    "more axes as it is, such as (N, C, D, H, W)."
)


def to_examples(arrays: Mapping[str, Array]) -> LabeledExamples:
    """Labelled examples from arrays as `read_arrays` gives them; raises `FileRefusal`.

    The only array of a file holds images, vectors, or examples of more axes; images and vectors are brought into the
    shape that the zoo's networks take. Of several arrays, each is taken as it is: its network's input says what it must
    be.
    """
    given = {part: inputs_of(arrays, part) for part in (TRAIN, TEST)}
    labels = {name: _check_labels(name, arrays[name]) for name in LABELS}
    examples: dict[str, dict[str, Array]] = {TRAIN: {}, TEST: {}}
    for name in given[TRAIN]:
        stored = {part: given[part][name] for part in (TRAIN, TEST)}
        shaped = [(array, _shape_examples(array, arrays[array], is_only=name == ONLY)) for array in stored.values()]
        for (array, values), label_name in zip(shaped, LABELS, strict=True):
            _check_count(array, values, label_name, labels[label_name])
        for part, values in zip(stored, _to_alike(shaped), strict=True):
            examples[part][name] = values
    classes = _check_classes(labels["y_train"], labels["y_test"])
    return LabeledExamples(
        examples[TRAIN], labels["y_train"], examples[TEST], labels["y_test"], tuple(map(str, range(classes)))
    )


def _to_alike(parts: Sequence[tuple[str, Array]]) -> list[Array]:
    """The values of an input's training and test examples, of one shape and one type."""
    (train_name, train), (test_name, test) = parts
    if train.shape[1:] != test.shape[1:]:
        raise invalid_dataset(
            f"has examples of shape {train.shape[1:]} in `{printable(train_name)}`, but of shape {test.shape[1:]} in "
            f"`{printable(test_name)}`.",
            "Store examples of one shape in both.",
        )
    values = [_to_values(name, array) for name, array in parts]
    types = {array.dtype for array in values}
    if len(types) == 1:
        return values
    common = np.dtype(np.float32) if np.dtype(np.float32) in types else np.result_type(*types)
    return [array.astype(common) for array in values]


def _shape_examples(name: str, array: Array, *, is_only: bool) -> Array:
    """A view of the examples: the only ones as (N, C, H, W), (N, F) where they are no images, or with more axes."""
    name = printable(name)
    if not is_only:
        shaped = array
    elif array.ndim == 2:
        shaped = array.reshape(len(array), *FLATTENED_IMAGES.get(array.shape[1], array.shape[1:]))
    elif array.ndim == 3:
        shaped = array[:, None]
    elif array.ndim == 4:
        is_channels_last = array.shape[1] not in IMAGE_CHANNELS and array.shape[3] in IMAGE_CHANNELS
        shaped = np.moveaxis(array, -1, 1) if is_channels_last else array
    elif array.ndim > 4:
        shaped = array
    else:
        raise invalid_dataset(f"has `{name}` of shape {array.shape}.", SHAPES)
    if not shaped.ndim:
        raise invalid_dataset(f"has a single number in `{name}`.", "Store one value or array for each example.")
    if 0 in shaped.shape:
        raise invalid_dataset(f"has an empty `{name}` of shape {array.shape}.", "Store at least one example.")
    if shaped[0].size > MAX_VALUES_PER_EXAMPLE:
        raise invalid_dataset(
            f"has examples of {shaped[0].size} values in `{name}`; at most {MAX_VALUES_PER_EXAMPLE} can be used.",
            "Make the images smaller.",
        )
    return shaped


def _to_values(name: str, array: Array) -> Array:
    """uint8 where the values are whole and between 0 and 255, else int32 or int64, or float32 where they are not whole.

    Refuses what is no finite number.
    """
    name = printable(name)
    if array.dtype.kind not in "buif":
        raise invalid_dataset(f"has `{name}` of type {array.dtype}.", "Store pixels or features as numbers.")
    whole = _whole_type(int(array.min()), int(array.max())) if array.dtype.kind in "bui" else None
    if whole is not None:
        return np.ascontiguousarray(array, dtype=whole)
    with np.errstate(over="ignore"):
        values = np.ascontiguousarray(array, dtype=np.float32)
    finite = int(np.isfinite(values).sum())
    if finite < values.size:
        raise invalid_dataset(
            f"has {values.size - finite} values in `{name}` that are not finite (NaN or infinite).",
            "Replace or remove those examples.",
        )
    return values


def _whole_type(smallest: int, largest: int) -> type[np.integer[Any]] | None:
    """The narrowest of three types that hold whole numbers of a span; None where none does."""
    return next((found for found in WHOLE if np.iinfo(found).min <= smallest <= largest <= np.iinfo(found).max), None)


def _check_labels(name: str, array: Array) -> Array:
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        raise invalid_dataset(
            f"has `{name}` of shape {array.shape}; labels are one whole number for each example.",
            f"Store class numbers of shape (N,); from one-hot rows: `{name}.argmax(axis=1)`.",
        )
    if array.dtype.kind not in "ui":
        raise invalid_dataset(
            f"has `{name}` of type {array.dtype}; labels must be whole numbers.", f"Use `{name}.astype('int64')`."
        )
    if not len(array):
        raise invalid_dataset(f"has an empty `{name}`.", "Store at least one example.")
    if array.min() < 0 or array.max() >= MAX_CLASSES:
        raise invalid_dataset(
            f"has labels from {array.min()} to {array.max()} in `{name}`.",
            f"Number the classes 0, 1, 2 and so on; at most {MAX_CLASSES} classes can be used.",
        )
    return array.astype(np.int64)


def _check_count(name: str, examples: Array, label_name: str, labels: Array) -> None:
    if len(examples) != len(labels):
        raise invalid_dataset(
            f"has {len(examples)} examples in `{printable(name)}`, but {len(labels)} labels in `{label_name}`.",
            "Store one label for each example.",
        )


def _check_classes(train: Array, test: Array) -> int:
    """Number of classes; each one from 0 on must occur in training."""
    counts = np.bincount(train)
    if len(counts) < 2:
        raise invalid_dataset("has only one class in `y_train`.", "Store examples of at least two classes.")
    unseen = np.flatnonzero(counts == 0)
    if len(unseen):
        raise _gap(f"has no example of class {unseen[0]} in `y_train`, though labels go up to {train.max()}.")
    if test.max() >= len(counts):
        raise _gap(f"has the label {test.max()} in `y_test`, which never occurs in `y_train`.")
    return len(counts)


def _gap(reason: str) -> FileRefusal:
    return invalid_dataset(reason, "Number the classes 0, 1, 2 and so on, without a gap, alike in both parts.")
