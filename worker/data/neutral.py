"""The neutral form of a dataset: one safetensors file, a summary for the web, a picture of examples."""

import json
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import save as save_arrays
from safetensors.torch import load as load_tensors

from backend.domain.datasets import DatasetInput, DatasetSummary
from backend.domain.errors import FailureCode, JobFailure
from worker.data.labeled import TEST, TRAIN, Array, LabeledExamples, array_name, input_of
from worker.data.picture import draw_examples, drawn_inputs
from worker.engine.examples import Dataset, Examples
from worker.engine.inputs import Inputs

METADATA_KEY = "secateur.dataset"
"""One key only: the library writes several in no fixed order, and equal data must give equal bytes."""


@dataclass(frozen=True)
class NeutralDataset:
    """A dataset as it is stored; equal data give equal bytes."""

    tensors: bytes
    """safetensors with x_train, y_train, x_test, y_test; of several inputs x_train_<name> and x_test_<name>."""
    summary: DatasetSummary
    examples_png: bytes


def to_neutral(data: LabeledExamples) -> NeutralDataset:
    """Store labelled examples with their summary and a grid of examples."""
    summary = summarize(data)
    metadata = {"class_count": summary.class_count, "content_hash": summary.content_hash}
    tensors = save_arrays(data.arrays(), metadata={METADATA_KEY: json.dumps(metadata, sort_keys=True)})
    return NeutralDataset(tensors=tensors, summary=summary, examples_png=draw_examples(data))


def from_neutral(tensors: bytes) -> Dataset:
    """The dataset that `to_neutral` stored; raises JobFailure(INVALID_DATASET) when the bytes are something else."""
    try:
        metadata = _read_metadata(tensors)
        arrays = load_tensors(tensors)
        names = tuple(sorted(name for name in (input_of(array, TRAIN) for array in arrays) if name is not None))
        train, test = (Inputs(tuple(arrays[array_name(part, name)] for name in names)) for part in (TRAIN, TEST))
        if not names:
            raise KeyError(TRAIN)
        return Dataset(
            train=Examples(train, arrays["y_train"]),
            test=Examples(test, arrays["y_test"]),
            class_count=int(metadata["class_count"]),
            content_hash=str(metadata["content_hash"]),
            names=names,
        )
    except (KeyError, ValueError, TypeError, struct.error, SafetensorError) as error:
        raise JobFailure(
            FailureCode.INVALID_DATASET, "The stored dataset is damaged.", "Prepare or upload the dataset again."
        ) from error


def summarize(data: LabeledExamples) -> DatasetSummary:
    """Counts, classes, inputs and content hash."""
    drawn = drawn_inputs(data)
    inputs = tuple(
        _describe(name, data.x_train[name], data.x_test[name], is_drawn=name in drawn) for name in data.names
    )
    return DatasetSummary(
        train_count=len(data.y_train),
        test_count=len(data.y_test),
        input_shape=inputs[0].shape,
        inputs=inputs,
        class_names=data.class_names,
        train_class_counts=_count(data.y_train, len(data.class_names)),
        test_class_counts=_count(data.y_test, len(data.class_names)),
        content_hash=data.content_hash(),
    )


def _describe(name: str, train: Array, test: Array, *, is_drawn: bool) -> DatasetInput:
    return DatasetInput(
        name=name,
        shape=train.shape[1:],
        type=str(train.dtype),
        smallest=min(train.min(), test.min()).item(),
        largest=max(train.max(), test.max()).item(),
        is_drawn=is_drawn,
    )


def _count(labels: Array, classes: int) -> tuple[int, ...]:
    return tuple(int(count) for count in np.bincount(labels, minlength=classes))


def _read_metadata(tensors: bytes) -> dict[str, Any]:
    (length,) = struct.unpack_from("<Q", tensors)
    header = json.loads(tensors[8 : 8 + length])
    metadata: dict[str, Any] = json.loads(header["__metadata__"][METADATA_KEY])
    return metadata
