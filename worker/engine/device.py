"""Where tensors live: the device by name, and deterministic arithmetic on it."""

import os

import torch

from backend.domain.errors import FailureCode, JobFailure

_LARGE_BLOCK = 31 * 2**20
"""Bytes; the largest block, with its head, that counts."""


def resolve_device(name: str) -> torch.device:
    """Turn `auto`, `cpu` or `cuda:N` into a device; JobFailure(DEVICE_UNAVAILABLE) when it is not there."""
    if name == "auto":
        return torch.device("cuda:0" if torch.cuda.is_available() else "cpu")
    if name == "cpu":
        return torch.device("cpu")
    kind, _, index = name.partition(":")
    if kind != "cuda" or not index.isdecimal():
        raise JobFailure(
            FailureCode.DEVICE_UNAVAILABLE, f"`{name}` is no device.", "Choose auto, cpu, or cuda:0, cuda:1 and so on."
        )
    count = torch.cuda.device_count()
    if int(index) >= count:
        found = f"This machine has {count} CUDA device{'s' if count != 1 else ''}"
        raise JobFailure(
            FailureCode.DEVICE_UNAVAILABLE, f"There is no device `{name}`: {found}.", "Choose auto or cpu."
        )
    return torch.device(name)


def keep_freed_memory() -> None:
    """Let blocks that one training step frees wait for the next, rather than go back to the system in between.

    The C library gives back what is free beyond twice the largest block that it mapped and freed, of at most 32 MiB.
    Without this, half of the time of an operation on a few megabytes may go into new pages.
    """
    torch.empty(_LARGE_BLOCK, dtype=torch.uint8)


def make_deterministic(threads: int | None = None) -> None:
    """Fix the thread count and choose algorithms that give the same bits every time.

    On CUDA some backward passes (adaptive and max pooling) have no such algorithm: torch warns and goes on.
    """
    if threads is not None:
        torch.set_num_threads(threads)
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(mode=True, warn_only=True)
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]  # torch sets it on the module
    torch.backends.cudnn.benchmark = False
