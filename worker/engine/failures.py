"""Torch's errors as the failures a user is told of."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from backend.domain.errors import FailureCode, JobFailure

_ALLOCATION_MESSAGES = ("can't allocate memory", "not enough memory", "CUBLAS_STATUS_ALLOC_FAILED")


@contextmanager
def memory_failures() -> Iterator[None]:
    """Turn every way of running out of memory into JobFailure(OUT_OF_MEMORY)."""
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise _out_of_memory() from error
    except RuntimeError as error:
        if any(message in str(error) for message in _ALLOCATION_MESSAGES):
            raise _out_of_memory() from error
        raise


def _out_of_memory() -> JobFailure:
    return JobFailure(
        FailureCode.OUT_OF_MEMORY,
        "The device ran out of memory.",
        "Lower data.batch_size, or run on a device with more memory.",
    )
