import numpy as np
import pytest

from backend.domain.datasets import ONLY
from backend.domain.errors import FailureCode
from worker.intake.array_names import choose_arrays
from worker.intake.arrays import FLATTENED_IMAGES, to_examples
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
        to_examples(make(**changes))
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
    assert to_examples(make(given)).x_train[ONLY].shape[1:] == expected


def test_channels_last_are_moved_not_reshaped():
    arrays = make((5, 4, 3))
    assert np.array_equal(to_examples(arrays).x_train[ONLY][2, :, 1, 3], arrays["x_train"][2, 1, 3, :])


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
    (examples,) = to_examples(arrays).x_train.values()
    assert examples.dtype == kept
    assert np.array_equal(examples[:, 0], arrays["x_train"])


def test_examples_of_more_axes_than_an_image_are_taken_as_they_are():
    volumes = np.random.default_rng(0).random((12, 3, 2, 5, 4), np.float32)
    examples = to_examples(make(x_train=volumes, x_test=volumes[:6])).x_train[ONLY]
    assert np.array_equal(examples, volumes)


def test_booleans_are_bytes_and_larger_integers_stay_whole():
    assert to_examples(make(dtype=np.bool_)).x_train[ONLY].dtype == np.uint8
    for largest, kept in ((300, np.int32), (2**40, np.int64), (2**63, np.float32)):
        data = to_examples(make(x_train=np.full((12, 4, 4), largest, np.uint64 if largest == 2**63 else np.int64)))
        assert (data.x_train[ONLY].dtype, data.x_test[ONLY].dtype) == (kept, kept)
        assert data.x_train[ONLY].max() == largest


def test_labels_may_be_a_column_of_any_integer_type():
    data = to_examples(make(y_train=(np.arange(12) % 3).astype(np.uint8)[:, None]))
    assert (data.y_train.shape, data.y_train.dtype) == ((12,), np.int64)
    assert data.class_names == ("0", "1", "2")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"x_train": np.zeros(12)}, "`x_train` of shape (12,)"),
        ({"x_test": np.zeros((0, 4, 4))}, "an empty `x_test`"),
        (
            {"x_test": np.zeros((6, 5, 4), np.uint8)},
            "examples of shape (1, 4, 4) in `x_train`, but of shape (1, 5, 4) in `x_test`",
        ),
        ({"x_test": np.array([["a"] * 4] * 6)}, "examples of shape (1, 4, 4) in `x_train`"),
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


def named(**changes):
    """Two inputs, pictures and tokens, as `numpy.savez` is given them; None leaves an array out."""
    draws = np.random.default_rng(1)
    arrays = {"y_train": np.arange(12) % 3, "y_test": np.arange(6) % 3}
    for part, count in (("train", 12), ("test", 6)):
        arrays[f"x_{part}_image"] = draws.integers(0, 255, (count, 8, 8, 3)).astype(np.uint8)
        arrays[f"x_{part}_tokens"] = draws.integers(0, 1000, (count, 64))
    return {name: array for name, array in (arrays | changes).items() if array is not None}


def test_arrays_of_several_inputs_are_taken_as_they_are():
    data = to_examples(named())
    assert data.names == ("image", "tokens")
    assert data.x_train["image"].shape == (12, 8, 8, 3)
    assert (data.x_test["tokens"].shape, data.x_test["tokens"].dtype) == ((6, 64), np.int32)


def test_an_input_may_be_one_number_for_each_example_or_have_many_axes():
    ages, clips = np.linspace(0, 1, 12), np.zeros((12, 2, 1, 2, 3, 1), np.float32)
    data = to_examples(named(x_train_age=ages, x_test_age=ages[:6], x_train_clip=clips, x_test_clip=clips[:6]))
    assert data.x_train["age"].shape == (12,)
    assert data.x_train["clip"].shape == clips.shape


@pytest.mark.parametrize(
    ("given", "name"), [("input", "input_1"), ("input.2", "input_2"), ("0", "_0"), ("type", "type_1")]
)
def test_names_are_made_fit_as_those_of_networks_are(given, name):
    arrays = {f"x_{part}_{given}": named()[f"x_{part}_image"] for part in ("train", "test")}
    data = to_examples(named(**arrays))
    assert name in data.names
    again = to_examples(data.arrays())
    assert (again.names, again.content_hash()) == (data.names, data.content_hash())


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"x_train_tokens": np.zeros((11, 64), int)}, "11 examples in `x_train_tokens`, but 12 labels in `y_train`"),
        ({"x_test_image": np.zeros((5, 8, 8, 3))}, "5 examples in `x_test_image`, but 6 labels in `y_test`"),
        ({"x_test_tokens": np.zeros((6, 65), int)}, "(64,) in `x_train_tokens`, but of shape (65,) in `x_test_tokens`"),
        ({"x_train_image": np.full((12, 2), np.inf)}, "of shape (2,) in `x_train_image`"),
        ({"x_test_image": np.full((6, 8, 8, 3), np.inf)}, "values in `x_test_image` that are not finite"),
        ({"x_train_tokens": np.full((12, 64), "the")}, "`x_train_tokens` of type <U3"),
        ({"x_train_image": np.float32(1)}, "a single number in `x_train_image`"),
    ],
)
def test_each_mistake_in_one_of_several_inputs_names_its_array(changes, sentence):
    with pytest.raises(FileRefusal) as caught:
        to_examples(named(**changes))
    assert sentence in caught.value.reason


def test_two_names_that_become_one_are_refused():
    tokens = {f"x_{part}_a{sign}b": named()[f"x_{part}_tokens"] for part in ("train", "test") for sign in ".-"}
    with pytest.raises(FileRefusal, match="both stand for the input `a_b`"):
        to_examples(named(**tokens))


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (["x_train_a", "x_test_a", "x_train_b", "y_train", "y_test"], "has no array `x_test_b`; it holds x_test_a"),
        (["x_train_a", "x_test_a", "y_train"], "has no array `y_test`"),
        (["x_train", "x_test", "x_train_a", "x_test_a", "y_train", "y_test"], "single input, but also arrays such as"),
        (
            ["image_train", "image_test", "y_train", "y_test"],
            "has no array `x_train`; it holds image_test, image_train",
        ),
        (["x_train_", "x_test_", "y_train", "y_test"], "has no array `x_train`"),
        ([f"x_{part}_{number}" for part in ("train", "test") for number in range(101)], "arrays for 101 inputs"),
    ],
)
def test_a_set_of_arrays_that_is_no_dataset_is_refused(found, sentence):
    with pytest.raises(FileRefusal) as caught:
        choose_arrays(found)
    assert sentence in caught.value.reason


def test_arrays_that_belong_to_no_dataset_are_left_out():
    assert choose_arrays(["extra", "y_test", "x_test_b", "x_train_b", "y_train"]) == (
        *("x_train_b", "x_test_b"),
        *("y_train", "y_test"),
    )
