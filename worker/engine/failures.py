"""Torch's errors as the failures a user is told of."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from backend.domain.errors import FailureCode, JobFailure

_ALLOCATION_MESSAGES = ("can't allocate memory", "not enough memory", "CUBLAS_STATUS_ALLOC_FAILED")


@contextmanager
def memory_failures(batch: str = "data.batch_size") -> Iterator[None]:
    """Turn every way of running out of memory into JobFailure(OUT_OF_MEMORY); `batch` is the field to lower."""
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise _out_of_memory(batch) from error
    except RuntimeError as error:
        if any(message in str(error) for message in _ALLOCATION_MESSAGES):
            raise _out_of_memory(batch) from error
        raise


def _out_of_memory(batch: str) -> JobFailure:
    return JobFailure(
        FailureCode.OUT_OF_MEMORY,
        "The device ran out of memory.",
        f"Lower {batch}, or run on a device with more memory.",
    )
