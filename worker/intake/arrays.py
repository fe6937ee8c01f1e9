"""From four arrays as a user stores them to labelled images; every refusal names the array and says what to do."""

from collections.abc import Mapping

import numpy as np

from worker.data.labeled import Array, LabeledImages
from worker.intake.refusals import FileRefusal, invalid_dataset

IMAGE_CHANNELS = (1, 3)
LARGEST_PIXEL = 255
MAX_CLASSES = 10_000
MAX_VALUES_PER_EXAMPLE = 2**26
FLATTENED_IMAGES = {64: (1, 8, 8), 784: (1, 28, 28), 3072: (3, 32, 32)}
"""Vectors of these lengths are images that someone flattened: they get back the shape that the zoo's networks take."""
SHAPES = "Shapes that can be used: (N, H, W), (N, C, H, W), (N, H, W, C) with C of 1 or 3, or (N, F) for vectors."


def to_images(arrays: Mapping[str, Array]) -> LabeledImages:
    """Labelled images (N, C, H, W) or vectors (N, F), uint8 or float32, from four arrays; raises `FileRefusal`."""
    examples = {name: _shape_examples(name, arrays[name]) for name in ("x_train", "x_test")}
    labels = {name: _check_labels(name, arrays[name]) for name in ("y_train", "y_test")}
    for part in ("train", "test"):
        _check_count(part, examples[f"x_{part}"], labels[f"y_{part}"])
    train_shape, test_shape = examples["x_train"].shape[1:], examples["x_test"].shape[1:]
    if train_shape != test_shape:
        raise invalid_dataset(
            f"has training examples of shape {train_shape}, but test examples of shape {test_shape}.",
            "Store both with the same channels, height and width.",
        )
    classes = _check_classes(labels["y_train"], labels["y_test"])
    values = {name: _to_values(name, array) for name, array in examples.items()}
    if values["x_train"].dtype != values["x_test"].dtype:
        values = {name: array.astype(np.float32) for name, array in values.items()}
    return LabeledImages(**values, **labels, class_names=tuple(str(label) for label in range(classes)))


def _shape_examples(name: str, array: Array) -> Array:
    """A view of the examples as (N, C, H, W), or (N, F) where they are no images."""
    if array.ndim == 2:
        shaped = array.reshape(len(array), *FLATTENED_IMAGES.get(array.shape[1], array.shape[1:]))
    elif array.ndim == 3:
        shaped = array[:, None]
    elif array.ndim == 4:
        is_channels_last = array.shape[1] not in IMAGE_CHANNELS and array.shape[3] in IMAGE_CHANNELS
        shaped = np.moveaxis(array, -1, 1) if is_channels_last else array
    else:
        raise invalid_dataset(f"has `{name}` of shape {array.shape}.", SHAPES)
    if 0 in shaped.shape:
        raise invalid_dataset(f"has an empty `{name}` of shape {array.shape}.", "Store at least one example.")
    if shaped[0].size > MAX_VALUES_PER_EXAMPLE:
        raise invalid_dataset(
            f"has examples of {shaped[0].size} values in `{name}`; at most {MAX_VALUES_PER_EXAMPLE} can be used.",
            "Make the images smaller.",
        )
    return shaped


def _to_values(name: str, array: Array) -> Array:
    """uint8 where the values are whole and between 0 and 255, else float32; refuses what is no finite number."""
    if array.dtype.kind not in "buif":
        raise invalid_dataset(f"has `{name}` of type {array.dtype}.", "Store pixels or features as numbers.")
    if array.dtype.kind in "bui" and array.min() >= 0 and array.max() <= LARGEST_PIXEL:
        return np.ascontiguousarray(array, dtype=np.uint8)
    with np.errstate(over="ignore"):
        values = np.ascontiguousarray(array, dtype=np.float32)
    finite = int(np.isfinite(values).sum())
    if finite < values.size:
        raise invalid_dataset(
            f"has {values.size - finite} values in `{name}` that are not finite (NaN or infinite).",
            "Replace or remove those examples.",
        )
    return values


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


def _check_count(part: str, examples: Array, labels: Array) -> None:
    if len(examples) != len(labels):
        raise invalid_dataset(
            f"has {len(examples)} examples in `x_{part}`, but {len(labels)} labels in `y_{part}`.",
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
