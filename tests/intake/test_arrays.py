import numpy as np
import pytest

from backend.domain.errors import FailureCode
from worker.intake.arrays import FLATTENED_IMAGES, to_images
from worker.intake.refusals import FileRefusal
from worker.zoo.match import COMMON_SHAPES


def make(shape=(4, 4), train=12, test=6, dtype=np.uint8, **changes):
    draws = np.random.default_rng(0)
    arrays = {
        "x_train": draws.integers(0, 255, (train, *shape)).astype(dtype),
        "y_train": np.arange(train) % 3,
        "x_test": draws.integers(0, 255, (test, *shape)).astype(dtype),
        "y_test": np.arange(test) % 3,
    }
    return arrays | changes


def refusal(**changes) -> FileRefusal:
    with pytest.raises(FileRefusal) as caught:
        to_images(make(**changes))
    assert caught.value.code is FailureCode.INVALID_DATASET
    assert caught.value.hint
    return caught.value


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ((28, 28), (1, 28, 28)),
        ((1, 28, 28), (1, 28, 28)),
        ((28, 28, 1), (1, 28, 28)),
        ((3, 32, 32), (3, 32, 32)),
        ((32, 32, 3), (3, 32, 32)),
        ((3, 5, 3), (3, 5, 3)),
        ((4, 7, 7), (4, 7, 7)),
        ((13,), (13,)),
        ((784,), (1, 28, 28)),
        ((64,), (1, 8, 8)),
        ((3072,), (3, 32, 32)),
    ],
)
def test_every_usual_shape_is_understood(given, expected):
    assert to_images(make(given)).x_train.shape[1:] == expected


def test_channels_last_are_moved_not_reshaped():
    arrays = make((5, 4, 3))
    assert np.array_equal(to_images(arrays).x_train[2, :, 1, 3], arrays["x_train"][2, 1, 3, :])


def test_flattened_images_get_the_shapes_the_zoo_looks_for():
    assert set(FLATTENED_IMAGES.values()) == set(COMMON_SHAPES)
    assert all(np.prod(shape) == length for length, shape in FLATTENED_IMAGES.items())


@pytest.mark.parametrize(
    ("stored", "kept"),
    [
        (np.uint8, np.uint8),
        (np.int64, np.uint8),
        (np.uint16, np.uint8),
        (np.float16, np.float32),
        (np.float32, np.float32),
        (np.float64, np.float32),
    ],
)
def test_whole_pixels_stay_bytes_and_the_rest_becomes_float32(stored, kept):
    arrays = make(dtype=stored)
    data = to_images(arrays)
    assert data.x_train.dtype == kept
    assert np.array_equal(data.x_train[:, 0], arrays["x_train"])


def test_booleans_and_large_integers_are_numbers_too():
    assert to_images(make(dtype=np.bool_)).x_train.dtype == np.uint8
    data = to_images(make(x_train=np.full((12, 4, 4), 300)))
    assert (data.x_train.dtype, data.x_test.dtype) == (np.float32, np.float32)
    assert data.x_train.max() == 300


def test_labels_may_be_a_column_of_any_integer_type():
    data = to_images(make(y_train=(np.arange(12) % 3).astype(np.uint8)[:, None]))
    assert (data.y_train.shape, data.y_train.dtype) == ((12,), np.int64)
    assert data.class_names == ("0", "1", "2")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"x_train": np.zeros(12)}, "`x_train` of shape (12,)"),
        ({"x_train": np.zeros((12, 1, 2, 3, 4))}, "`x_train` of shape (12, 1, 2, 3, 4)"),
        ({"x_test": np.zeros((0, 4, 4))}, "an empty `x_test`"),
        (
            {"x_test": np.zeros((6, 5, 4), np.uint8)},
            "training examples of shape (1, 4, 4), but test examples of shape (1, 5, 4)",
        ),
        ({"x_test": np.array([["a"] * 4] * 6)}, "training examples of shape"),
        ({"x_train": np.full((12, 4, 4), 1 + 2j)}, "`x_train` of type complex128"),
        ({"x_train": np.full((12, 4, 4), "a")}, "`x_train` of type <U1"),
        ({"x_train": np.full((12, 4, 4), np.nan)}, "192 values in `x_train` that are not finite"),
        ({"x_test": np.full((6, 4, 4), 1e300)}, "96 values in `x_test` that are not finite"),
        ({"y_train": np.arange(11) % 3}, "12 examples in `x_train`, but 11 labels in `y_train`"),
        ({"y_test": np.arange(7) % 3}, "6 examples in `x_test`, but 7 labels in `y_test`"),
        ({"y_train": np.eye(3)[np.arange(12) % 3]}, "`y_train` of shape (12, 3)"),
        ({"y_train": np.arange(12) % 3 / 1}, "`y_train` of type float64"),
        ({"y_test": np.zeros(0, int)}, "an empty `y_test`"),
        ({"y_train": np.arange(12) % 3 - 1}, "labels from -1 to 1 in `y_train`"),
        ({"y_train": np.arange(12) % 3 * 10**9}, "labels from 0 to 2000000000"),
        ({"y_train": np.zeros(12, int)}, "only one class in `y_train`"),
        ({"y_train": np.arange(12) % 3 + 1}, "no example of class 0 in `y_train`"),
        ({"y_train": np.arange(12) % 2 * 2}, "no example of class 1 in `y_train`"),
        ({"y_test": np.arange(6) % 4}, "the label 3 in `y_test`, which never occurs in `y_train`"),
    ],
)
def test_each_mistake_names_the_array(changes, sentence):
    assert sentence in refusal(**changes).reason


def test_one_hot_labels_are_told_how_to_be_mended():
    assert "y_train.argmax(axis=1)" in refusal(y_train=np.eye(3)[np.arange(12) % 3]).hint


def test_examples_that_no_network_could_take_are_refused():
    huge = np.broadcast_to(np.zeros((1, 1, 1), np.uint8), (12, 2**14, 2**13))
    assert "values in `x_train`; at most" in refusal(x_train=huge).reason
