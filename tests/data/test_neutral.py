import dataclasses
import io

import numpy as np
import pytest
import torch
from PIL import Image

from backend.domain.datasets import ONLY
from backend.domain.errors import FailureCode, JobFailure
from worker.data import LabeledExamples, draw_examples, from_neutral, load_builtin, to_neutral


def make_data(shape=(1, 4, 4), dtype=np.uint8, classes=3, train=30, test=6) -> LabeledExamples:
    draws = np.random.default_rng(0)
    return LabeledExamples.of_one_input(
        x_train=draws.integers(0, 255, (train, *shape)).astype(dtype),
        y_train=np.arange(train) % classes,
        x_test=draws.integers(0, 255, (test, *shape)).astype(dtype),
        y_test=np.arange(test) % classes,
        class_names=tuple(f"class {label}" for label in range(classes)),
    )


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_examples_and_labels_survive_the_neutral_form(dtype):
    data = make_data(dtype=dtype)
    dataset = from_neutral(to_neutral(data).tensors)
    assert np.array_equal(dataset.train.inputs.tensors[0].numpy(), data.x_train[ONLY])
    assert dataset.train.inputs.tensors[0].numpy().dtype == dtype
    assert np.array_equal(dataset.test.labels.numpy(), data.y_test)
    assert dataset.test.labels.dtype == torch.int64
    assert dataset.class_count == 3
    assert dataset.content_hash == data.content_hash()


def test_summary_counts_examples_of_every_class():
    summary = to_neutral(load_builtin("digits", [], None)).summary
    assert (summary.train_count, summary.test_count) == (1438, 359)
    assert summary.input_shape == (1, 8, 8)
    assert sum(summary.train_class_counts) == 1438
    assert min(summary.test_class_counts) > 20
    assert summary.class_count == 10


def test_equal_data_give_equal_bytes():
    first, second = to_neutral(make_data()), to_neutral(make_data())
    assert first == second


@pytest.mark.parametrize("name", ["x_train", "y_train", "x_test", "y_test"])
def test_the_hash_follows_every_array(name):
    data = make_data()
    changed = data.arrays()[name].copy()
    changed.flat[0] += 1
    new = {ONLY: changed} if name.startswith("x") else changed
    assert dataclasses.replace(data, **{name: new}).content_hash() != data.content_hash()


def test_the_hash_follows_the_shape():
    flat = make_data(shape=(1, 1, 16))
    assert make_data(shape=(1, 4, 4)).content_hash() != flat.content_hash()


@pytest.mark.parametrize("stored", [b"", b"\0" * 20, to_neutral(make_data()).tensors[:-5]])
def test_damaged_bytes_are_refused(stored):
    with pytest.raises(JobFailure) as caught:
        from_neutral(stored)
    assert caught.value.code is FailureCode.INVALID_DATASET


def test_the_picture_has_a_row_for_each_class_with_ten_examples():
    data = make_data(shape=(1, 28, 28), train=40)
    data.x_train[ONLY][data.y_train == 1] = 200
    data.x_train[ONLY][data.y_train != 1] = 10
    picture = Image.open(io.BytesIO(draw_examples(data)))
    assert picture.size == (10 * 30 + 2, 3 * 30 + 2)
    assert picture.getpixel((2, 32)) == (200, 200, 200)
    assert picture.getpixel((2 + 9 * 30, 2)) == (10, 10, 10)


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 5, 9), (2, 6, 6), (1, 1, 784), (784,), (3, 300, 200)])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_every_shape_can_be_drawn(shape, dtype):
    picture = Image.open(io.BytesIO(draw_examples(make_data(shape=shape, dtype=dtype))))
    assert min(picture.size) > 3
    assert max(picture.size) <= 10 * 66 + 2


def test_many_classes_make_a_bounded_picture():
    picture = Image.open(io.BytesIO(draw_examples(make_data(classes=500, train=1000))))
    assert picture.height == 40 * (28 + 2) + 2


def test_constant_values_are_drawn_without_a_warning():
    data = make_data(dtype=np.float32)
    data.x_train[ONLY][:] = 3.5
    assert draw_examples(data).startswith(b"\x89PNG")


def make_pair(second=(2, 6, 6), dtype=np.float32) -> LabeledExamples:
    """Examples of two inputs, the first of which are pictures."""
    first, other = make_data(shape=(1, 8, 8)), make_data(shape=second, dtype=dtype)
    x_train, x_test = ({"left": a[ONLY], "right": b[ONLY]} for a, b in zip(*_parts(first, other), strict=True))
    return dataclasses.replace(first, x_train=x_train, x_test=x_test)


def _parts(*data: LabeledExamples):
    return [(each.x_train, each.x_test) for each in data]


def test_several_inputs_survive_the_neutral_form_in_the_order_of_their_names():
    data = make_pair(second=(5,), dtype=np.int32)
    dataset = from_neutral(to_neutral(data).tensors)
    assert dataset.names == ("left", "right")
    assert dataset.train.inputs.shapes == ((1, 8, 8), (5,))
    assert np.array_equal(dataset.test.inputs.tensors[1].numpy(), data.x_test["right"])
    assert dataset.test.inputs.tensors[1].dtype == torch.int32
    turned = dataclasses.replace(data, x_train=dict(reversed(data.x_train.items())))
    assert to_neutral(turned) == to_neutral(data)


@pytest.mark.parametrize("name", ["x_train_left", "x_test_right", "y_test"])
def test_the_hash_follows_every_array_of_every_input_and_its_name(name):
    data = make_pair()
    changed = data.arrays()[name].copy()
    changed.flat[0] += 1
    part, _, source = name.rpartition("_") if name.startswith("x") else (name, "", "")
    value = {**getattr(data, part), source: changed} if source else changed
    assert dataclasses.replace(data, **{part: value}).content_hash() != data.content_hash()
    renamed = {"left": data.x_train["left"], "write": data.x_train["right"]}
    others = {"left": data.x_test["left"], "write": data.x_test["right"]}
    assert dataclasses.replace(data, x_train=renamed, x_test=others).content_hash() != data.content_hash()


def test_the_summary_tells_every_input_with_its_span():
    data = make_pair(second=(5,), dtype=np.int32)
    data.x_test["right"][0, 0] = -7
    left, right = to_neutral(data).summary.inputs
    assert (left.name, left.shape, left.type, left.is_drawn) == ("left", (1, 8, 8), "uint8", True)
    assert (right.name, right.shape, right.type, right.smallest) == ("right", (5,), "int32", -7)
    assert not right.is_drawn


def test_pictures_of_several_inputs_lie_below_each_other():
    one, two = make_pair(second=(5,)), make_pair()
    tall, short = (Image.open(io.BytesIO(draw_examples(data))) for data in (two, one))
    assert (short.width, tall.width) == (10 * (32 + 2) + 2, 10 * (32 + 2) + 2)
    assert tall.height == short.height + 12 + 3 * (30 + 2) + 2
