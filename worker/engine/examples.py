"""Labelled examples, and the validation split carved from the training data."""

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from backend.domain.datasets import ONLY
from backend.domain.epochs import validation_count
from backend.domain.errors import FailureCode, JobFailure
from worker.engine.inputs import Inputs
from worker.engine.seeds import named_generator

_DEVICE_SHARE = 0.5
"""Of the device's free memory, at most this share is given to the data."""


@dataclass(frozen=True)
class Examples:
    """Inputs as stored, each (N, ...): uint8 pixels, whole numbers or float32 values; labels (N,) int64."""

    inputs: Inputs
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def to(self, device: torch.device) -> Self:
        """Move to a device."""
        return type(self)(self.inputs.to(device), self.labels.to(device))

    def at(self, index: Tensor | slice) -> Self:
        """Take the examples at the given positions."""
        return type(self)(self.inputs.at(index), self.labels[index])


@dataclass(frozen=True)
class Dataset:
    """Training and test examples; `content_hash` identifies their bytes."""

    train: Examples
    test: Examples
    class_count: int
    content_hash: str
    names: tuple[str, ...] = (ONLY,)
    """Of the inputs, in their order."""

    @property
    def only_shape(self) -> tuple[int, ...]:
        """Shape of one example; raises JobFailure(DATA_MISMATCH) where there are several inputs."""
        if len(self.names) > 1:
            raise JobFailure(
                FailureCode.DATA_MISMATCH,
                f"A reference network takes one array of examples, but the dataset holds {len(self.names)}.",
                "Choose a dataset with x_train alone.",
            )
        return self.train.inputs.shapes[0]


@dataclass(frozen=True)
class Split:
    """Training and validation examples; no example is in both."""

    train: Examples
    validation: Examples


def split_validation(train: Examples, share: float, seed: int) -> Split:
    """Carve `share` of the training examples (at least one) into a validation set, by seed alone."""
    order = torch.randperm(len(train), generator=named_generator(seed, "split"))
    held_out = validation_count(len(train), share)
    return Split(train.at(order[held_out:].sort().values), train.at(order[:held_out].sort().values))


def place(examples: Examples, device: torch.device) -> Examples:
    """Hold the examples on the device when they fit; else leave them where they are, to be moved batch by batch."""
    if device.type != "cuda":
        return examples.to(device)
    free, _ = torch.cuda.mem_get_info(device)
    fits = examples.inputs.nbytes + examples.labels.nbytes < _DEVICE_SHARE * free
    return examples.to(device) if fits else examples
