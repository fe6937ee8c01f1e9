"""What a latency report holds, and what it says of what could not be measured."""

from types import SimpleNamespace

import pytest
import torch

from tests.engine.masking import random_masks
from tests.engine.zoo_cases import LENET300
from worker.delivery import latency
from worker.delivery.latency import Contestant, measure_latency
from worker.delivery.onnx_model import write_onnx
from worker.delivery.tracing import trace_program
from worker.engine.latency import Rounds
from worker.engine.surgery import remove


@pytest.fixture(scope="module")
def contestants():
    """A dense and a thin network with their ONNX models."""
    dense = LENET300.network()
    thin = remove(dense, random_masks(dense, 0.5))
    return [Contestant(network, write_onnx(network, trace_program(network), {})) for network in (dense, thin)]


def test_every_row_times_both_networks_with_the_stated_threads(contestants, monkeypatch):
    seen = []

    def note(dense, thin, seconds):
        seen.append((dense().shape, thin().shape, torch.get_num_threads(), seconds > 0))
        return Rounds((4.0, 4.0, 6.0), (2.0, 1.0, 2.0))

    monkeypatch.setattr(latency, "time_in_turn", note)
    before = torch.get_num_threads()
    report = measure_latency(*contestants, threads=2)
    assert seen == [((batch, 10), (batch, 10), 2, True) for batch in (1, 1, 64, 64)]
    assert torch.get_num_threads() == before
    assert [(row.runtime, row.batch, row.rounds, row.latency_speedup) for row in report.rows] == [
        *(("torch", 1, 3, 3.0), ("onnxruntime", 1, 3, 3.0), ("torch", 64, 3, 3.0), ("onnxruntime", 64, 3, 3.0)),
    ]
    assert (report.gaps, report.host.threads) == ((), 2)
    assert report.host.processor


def test_what_takes_too_long_is_named(contestants):
    report = measure_latency(*contestants, threads=1, seconds=0.0)
    assert report.rows == ()
    assert {(gap.runtime, gap.batch) for gap in report.gaps} == {
        (runtime, batch) for runtime in ("torch", "onnxruntime") for batch in (1, 64)
    }
    assert all("rounds would take longer" in gap.reason for gap in report.gaps)


def test_what_would_not_fit_into_memory_is_not_tried(contestants, monkeypatch):
    monkeypatch.setattr(latency.psutil, "virtual_memory", lambda: SimpleNamespace(available=1000))
    monkeypatch.setattr(latency, "time_in_turn", None)
    report = measure_latency(*contestants, threads=1)
    assert {gap.reason for gap in report.gaps} == {
        "A batch of 1 would take too much of this machine's memory.",
        "A batch of 64 would take too much of this machine's memory.",
    }
