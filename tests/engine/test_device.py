import resource
import subprocess
import sys

import pytest
import torch

from backend.domain.errors import FailureCode, JobFailure
from worker.engine.device import make_deterministic, resolve_device


def test_auto_takes_the_first_gpu_where_there_is_one(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert resolve_device("auto") == torch.device("cpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert resolve_device("auto") == torch.device("cuda:0")


def test_a_named_gpu_must_be_there(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert resolve_device("cuda:1") == torch.device("cuda:1")
    with pytest.raises(JobFailure, match="no device `cuda:2`: This machine has 2 CUDA devices") as failure:
        resolve_device("cuda:2")
    assert failure.value.code is FailureCode.DEVICE_UNAVAILABLE


@pytest.mark.parametrize("name", ["cuda", "gpu", "", "cuda:x", "cuda:-1"])
def test_what_is_no_device_is_refused_with_a_sentence(name):
    with pytest.raises(JobFailure, match="is no device"):
        resolve_device(name)


def test_deterministic_arithmetic_is_switched_on():
    before = torch.get_num_threads()
    make_deterministic(1)
    assert torch.are_deterministic_algorithms_enabled()
    assert torch.get_num_threads() == 1
    make_deterministic(before)


_TOUCH = """
import resource
import torch
from worker.engine.device import keep_freed_memory

def touch():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    blocks = [torch.ones(2**20) for _ in range(12)]
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

keep_freed_memory()
for _ in range(8):
    touch()
print(sum(touch() for _ in range(3)))
"""
"""In a process of its own: what other tests have freed decides how soon pages are used again."""


def test_memory_that_was_freed_is_used_again_without_new_pages():
    """Once a few rounds have been made; without it, most of these pages are new each time."""
    found = subprocess.run([sys.executable, "-c", _TOUCH], capture_output=True, text=True, check=True)
    pages = 3 * 12 * 2**22 // resource.getpagesize()
    assert int(found.stdout) < pages // 10
